// SPDX-License-Identifier: Apache-2.0
// TCB infos and identities in all the forms they come in, and in none.
#include "attest/collateral/intel_tcb.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "attest/collateral/json_text.h"
#include "attest/json.h"
#include "base/base64.h"
#include "base/cursor.h"
#include "testing/fake_intel.h"

namespace adyton {
namespace {

using testing::FakeIntel;

bool adds(const std::string& text) { return Collateral().add("test", as_bytes(text)).has_value(); }

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string member(const std::string& answer, std::string_view key) {
  return std::string(json_member_text(answer, key).value().value());
}

std::string signature_of(const std::string& answer) {
  return parse_json(answer).value()["signature"].get<std::string>();
}

std::string quoted(const std::string& text) { return nlohmann::json(text).dump(); }

TEST(JsonText, FindsMembersAsTheyStand) {
  const std::string_view text = R"( { "a" : { "x" : [1, "}\"]", {}] } , "b":"q,\"}" , "c": -1.5e3 ,"d":[ ] } )";
  EXPECT_EQ(json_member_text(text, "a").value(), R"({ "x" : [1, "}\"]", {}] })");
  EXPECT_EQ(json_member_text(text, "b").value(), R"("q,\"}")");
  EXPECT_EQ(json_member_text(text, "c").value(), "-1.5e3");
  EXPECT_EQ(json_member_text(text, "d").value(), "[ ]");
  EXPECT_EQ(json_member_text(text, "x").value(), std::nullopt);
  EXPECT_FALSE(json_member_text(R"({"a":1,"a":2})", "a"));
  EXPECT_FALSE(json_member_text(R"({"\u0061":1})", "a"));
  EXPECT_FALSE(json_member_text("[]", "a"));
}

TEST(JsonText, NeverReadsPastTheEnd) {
  const std::string_view text = R"({"a":{"x":[1,"}\"]",{}]},"b":"q\\","c":[]})";
  for (std::size_t size = 0; size <= text.size(); ++size) (void)json_member_text(text.substr(0, size), "c");
}

TEST(IntelTcb, AnswersKeepWhatWasSigned) {
  FakeIntel intel;
  const std::string answer = intel.answer(intel.tcb_info(true));
  Collateral collateral;
  ASSERT_TRUE(collateral.add("file", as_bytes(answer)));
  const TcbInfo& info = *collateral.tcb_infos().at(0);
  EXPECT_EQ(as_text(info.bytes), member(answer, "tcbInfo"));
  EXPECT_EQ(to_hex(info.signature), signature_of(answer));
  EXPECT_TRUE(info.tdx);
  EXPECT_EQ(info.version, 3U);
  EXPECT_EQ(info.evaluation_number, 17U);
  EXPECT_EQ(info.issue_date, testing::kFakeNow - 5 * testing::kFakeDay);
  EXPECT_EQ(info.fmspc, intel.platform.fmspc);
  ASSERT_EQ(info.levels.size(), 1U);
  EXPECT_EQ(info.levels[0].sgx, intel.platform.components);
  EXPECT_EQ(info.levels[0].tdx, intel.tee_tcb_svn);
  EXPECT_EQ(info.levels[0].pce_svn, 13);
  EXPECT_EQ(info.module_versions.at(0).version, 1);
  ASSERT_TRUE(collateral.add("file", as_bytes(intel.answer(intel.identity(true)))));
  const EnclaveIdentity& identity = *collateral.identities().at(0);
  EXPECT_EQ(identity.id, EnclaveId::kTdQe);
  EXPECT_EQ(identity.levels.at(0).isv_svn, 8);
}

TEST(IntelTcb, EveryTruncationIsRefused) {
  FakeIntel intel;
  for (const std::string& answer : {intel.answer(intel.tcb_info(true)), intel.answer(intel.identity(false))}) {
    for (std::size_t size = 0; size < answer.size(); ++size) EXPECT_FALSE(adds(answer.substr(0, size))) << size;
  }
}

TEST(IntelTcb, WhatIsRefused) {
  FakeIntel intel;
  const std::string info = intel.answer(intel.tcb_info(true)), identity = intel.answer(intel.identity(false));
  EXPECT_TRUE(adds(info));
  EXPECT_TRUE(adds(identity));
  const std::pair<std::string_view, std::string_view> changes[] = {
      {"\"version\":3", "\"version\":4"},
      {"\"version\":3", "\"version\":\"3\""},
      {"\"id\":\"TDX\"", "\"id\":\"SEV\""},
      {"\"id\":\"TDX\",", ""},
      {"\"tcbType\":0", "\"tcbType\":1"},
      {"\"fmspc\":\"f0", "\"fmspc\":\""},
      {"\"pceId\":\"00", "\"pceId\":\"zz"},
      {"\"issueDate\":\"2025-06-10T", "\"issueDate\":\"2025-02-30T"},
      {"\"issueDate\":\"2025-06-10T", "\"issueDate\":\"2025-06-10t"},
      {"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":-1"},
      {"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":1.5"},
      {"{\"svn\":11}", "{\"svn\":256}"},
      {"{\"svn\":11},", ""},
      {"\"pcesvn\":13", "\"pcesvn\":65536"},
      {"\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"Fine\""},
      {"\"tdxModule\":", "\"tdxModules\":"},
      {"TDX_01", "TDX_1"},
      {"TDX_01", "XDT_01"},
      {"\"tcbLevels\":[{\"tcb\":{\"sgx", "\"levels\":[{\"tcb\":{\"sgx"},
      {"\"version\":3", "\"version\":3,\"version\":3"},
      {"\"fmspc\"", "\"fmspc\":\"f0f0f0f0f0f0\",\"fmspc\""},
  };
  for (const auto& [from, to] : changes) EXPECT_FALSE(adds(replaced(info, from, to))) << from << " -> " << to;
  const std::pair<std::string_view, std::string_view> identity_changes[] = {
      {"\"version\":2", "\"version\":1"},
      {"\"id\":\"QE\"", "\"id\":\"XE\""},
      {"\"isvprodid\":1", "\"isvprodid\":70000"},
      {"\"miscselect\":\"00", "\"miscselect\":\"0000"},
      {"\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"SWHardeningNeeded\""},  // no status of an enclave
      {"\"tcbLevels\":[{",
       "\"tcbLevels\":[{\"tcb\":{\"isvsvn\":1},\"tcbDate\":\"2025-01-01T00:00:00Z\","
       "\"tcbStatus\":\"OutOfDate\"},{"},  // ascending
  };
  for (const auto& [from, to] : identity_changes) EXPECT_FALSE(adds(replaced(identity, from, to))) << from;
  EXPECT_FALSE(adds(replaced(info, "\"signature\":\"", "\"signature\":\"00")));
  EXPECT_FALSE(adds(replaced(info, "\"signature\":\"", "\"signature\":\"zz")));
  EXPECT_FALSE(adds(replaced(info, "{\"tcbInfo\":", "{\"tcbInfo\":{},\"tcbInfo\":")));
  EXPECT_FALSE(adds(replaced(info, "{\"tcbInfo\":", "{\"tcb\\u0049nfo\":")));
  EXPECT_FALSE(adds("{\"tcbInfo\":" + std::string(2 << 20, ' ') + "{}}"));
}

TEST(IntelTcb, QuoteCollateralInItsVariants) {
  FakeIntel intel;
  const std::string info = intel.answer(intel.tcb_info(false)), identity = intel.answer(intel.identity(false));
  const std::string chain =
      to_pem("CERTIFICATE", intel.tcb_signer.certificate.der()) + to_pem("CERTIFICATE", intel.root.certificate().der());
  const RevocationList root_list = intel.root.revoke({}), pck_list = intel.pck_ca.revoke({});
  const auto check = [&](const std::string& text) {
    SCOPED_TRACE(text);
    Collateral collateral;
    const auto added = collateral.add("collateral", as_bytes(text));
    ASSERT_TRUE(added) << added.error().message;
    ASSERT_EQ(collateral.tcb_infos().size(), 1U);
    EXPECT_EQ(as_text(collateral.tcb_infos()[0]->bytes), member(info, "tcbInfo"));
    EXPECT_EQ(to_hex(collateral.tcb_infos()[0]->signature), signature_of(info));
    ASSERT_EQ(collateral.identities().size(), 1U);
    EXPECT_EQ(as_text(collateral.identities()[0]->bytes), member(identity, "enclaveIdentity"));
    EXPECT_EQ(collateral.lists().size(), 2U);
    EXPECT_EQ(collateral.certificates().size(), 2U);
  };
  // Text in text with the signatures beside it, lists in hexadecimal.
  check(fmt::format(R"({{"tcb_info_issuer_chain":{},"root_ca_crl":"{}","pck_crl":"{}","pck_crl_issuer_chain":"",)"
                    R"("tcb_info":{},"tcb_info_signature":"{}","qe_identity":{},"qe_identity_signature":"{}"}})",
                    quoted(chain), to_hex(root_list.der()), to_hex(pck_list.der()), quoted(member(info, "tcbInfo")),
                    signature_of(info), quoted(member(identity, "enclaveIdentity")), signature_of(identity)));
  // In camelCase, Intel's whole answers as text, lists in base64 and PEM.
  check(fmt::format(R"({{"tcbInfoIssuerChain":{},"rootCaCrl":"{}","pckCrl":{},"tcbInfo":{},"qeIdentity":{}}})",
                    quoted(chain), to_base64(root_list.der()), quoted(to_pem("X509 CRL", pck_list.der())), quoted(info),
                    quoted(identity)));
  // Objects as they are.
  check(fmt::format(R"({{"tcb_info_issuer_chain":{},"root_ca_crl":"{}","pck_crl":"{}","tcb_info": {} ,)"
                    R"("tcb_info_signature":"{}","qe_identity":{}}})",
                    quoted(chain), to_hex(root_list.der()), to_hex(pck_list.der()), member(info, "tcbInfo"),
                    signature_of(info), identity));
  EXPECT_FALSE(adds(R"({"tcb_info":"{}"})"));  // no signature
  EXPECT_FALSE(adds(R"({"tcb_info":1,"root_ca_crl":"00"})"));
  EXPECT_FALSE(adds(R"({"pck_crl":"not hexadecimal, nor base64"})"));
  EXPECT_TRUE(adds(R"({"tcbEvaluationDataNumbers":{},"signature":""})"));
  EXPECT_FALSE(adds(R"({"something":"else"})"));
}

// Open Enclave's two forms.
Bytes with_table(const std::vector<Bytes>& parts) {
  Bytes offsets, data;
  for (const Bytes& part : parts) {
    append_le<std::uint32_t>(offsets, static_cast<std::uint32_t>(data.size()));
    append(data, part);
  }
  Bytes out;
  append_le<std::uint32_t>(out, 1);
  append_le<std::uint32_t>(out, 2);
  append_le<std::uint32_t>(out, static_cast<std::uint32_t>(offsets.size() + data.size()));
  append_le<std::uint32_t>(out, static_cast<std::uint32_t>(parts.size()));
  append(out, offsets);
  append(out, data);
  return out;
}

Bytes with_zero(BytesView bytes) {
  Bytes out = to_bytes(bytes);
  out.push_back(std::byte{0});
  return out;
}

TEST(IntelTcb, OpenEnclaveEndorsements) {
  FakeIntel intel;
  const Bytes info = with_zero(as_bytes(intel.answer(intel.tcb_info(false)))),
              identity = with_zero(as_bytes(intel.answer(intel.identity(false)))),
              chain = with_zero(as_bytes(to_pem("CERTIFICATE", intel.tcb_signer.certificate.der()))),
              root_list = with_zero(intel.root.revoke({}).der()),
              pck_list = with_zero(as_bytes(to_hex(intel.pck_ca.revoke({}).der())));
  const auto check = [](const Bytes& bytes) {
    Collateral collateral;
    const auto added = collateral.add("endorsements", bytes);
    ASSERT_TRUE(added) << added.error().message;
    EXPECT_EQ(collateral.tcb_infos().size(), 1U);
    EXPECT_EQ(collateral.identities().size(), 1U);
    EXPECT_EQ(collateral.lists().size(), 2U);
    EXPECT_EQ(collateral.certificates().size(), 1U);
  };
  const Bytes table = with_table(
      {Bytes(4), info, chain, pck_list, root_list, chain, identity, chain, to_bytes("2025-06-10T00:00:00Z")});
  check(table);
  Bytes memory;
  append_le<std::uint32_t>(memory, 4);
  append_le<std::uint32_t>(memory, 0x81);
  const Bytes* parts[] = {&chain, &root_list, &pck_list, &chain, &info, &chain, &identity};
  for (const Bytes* part : parts) {
    append_le<std::uint64_t>(memory, 0x7ffd00000000);
    append_le<std::uint64_t>(memory, part->size());
  }
  for (const Bytes* part : parts) append(memory, *part);
  check(memory);
  for (const Bytes& whole : {table, memory}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(Collateral().add("cut", BytesView(whole).first(size))) << size;
    }
  }
}

// Tables in tables used to be followed as deep as they went, until the stack ended.
TEST(IntelTcb, EndorsementsAreNoContainersOfContainers) {
  constexpr std::uint32_t kDepth = 20'000, kHead = 16 + 36;
  Bytes nested;
  for (std::uint32_t depth = kDepth; depth > 0; --depth) {  // the second part is a table again
    const std::uint32_t inside = kHead * (depth - 1) + 1;
    for (const std::uint32_t word : {1U, 2U, 36 + inside, 9U, 0U, 0U}) append_le(nested, word);
    for (int part = 2; part < 9; ++part) append_le(nested, inside);
  }
  nested.push_back(std::byte{1});
  EXPECT_FALSE(Collateral().add("nested", nested));
}

}  // namespace
}  // namespace adyton

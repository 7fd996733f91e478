// SPDX-License-Identifier: Apache-2.0
// NVIDIA's reference integrity manifests: which measurements a driver's or VBIOS's version should give. SWID tags
// (ISO/IEC 19770-2:2015) as the TCG RIM information model has them, signed with an enveloped XML signature (W3C XML
// Signature Syntax and Processing 1.1). Form only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/x509.h"

namespace adyton {

struct NvidiaRim {
  std::string name;     // SoftwareIdentity/@name: "GH100"
  std::string version;  // Meta/@colloquialVersion: of the driver or VBIOS

  // Payload/Resource, each one measurement.
  struct Reference {
    unsigned index = 0;               // from 0: the report counts from 1
    bool active = false;              // only active ones are compared
    std::vector<Bytes> alternatives;  // SHA-384; any of them is right
  };
  std::vector<Reference> references;  // no index twice

  // The signature (XML Signature 1.1, 4), taken apart.
  std::string signed_content;             // the document without its signature, canonical: what the digest is over
  Bytes digest;                           // DigestValue, SHA-384
  std::string signed_info;                // SignedInfo, canonical: what the signature is over
  Bytes signature;                        // SignatureValue: ECDSA with SHA-384, r || s
  std::vector<Certificate> certificates;  // X509Data, the signer's first
};

// Errors: invalid: not such a document (attest/xml.h), a form of signature other than the one above (Canonical XML 1.0
// or 1.1, ecdsa-sha384, sha384, one reference, to the whole document), an index twice.
Result<NvidiaRim> parse_nvidia_rim(BytesView bytes);

bool looks_like_nvidia_rim(BytesView bytes);

}  // namespace adyton

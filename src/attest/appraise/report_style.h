// SPDX-License-Identifier: Apache-2.0
// How the page of report_html() looks: light and dark, wide and narrow, on paper.
#pragma once

#include <string_view>

namespace adyton {

inline constexpr std::string_view kReportStyle = R"css(
:root { color-scheme: light dark; --back: #fff; --ink: #1b1f24; --faint: #636c76; --line: #d5dae0; --card: #f6f8fa;
  --good: #15743a; --bad: #b91c1c; --warn: #96590a; --note: #636c76; }
@media (prefers-color-scheme: dark) { :root { --back: #14171c; --ink: #e3e7ec; --faint: #98a2ad; --line: #343b44;
  --card: #1d2229; --good: #4ac776; --bad: #ff7b72; --warn: #e3a341; --note: #98a2ad; } }
.good { --tone: var(--good); } .bad { --tone: var(--bad); } .warn { --tone: var(--warn); } .note { --tone: var(--note); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 1.5rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--back); overflow-wrap: anywhere; }
header { display: flex; gap: 1rem; align-items: center; padding: 1rem 1.2rem; border-radius: .6rem;
  border: 2px solid var(--tone); background: color-mix(in srgb, var(--tone) 9%, var(--back)); }
.sign { flex: none; width: 2.6rem; height: 2.6rem; border-radius: 50%; background: var(--tone); color: var(--back);
  font-size: 1.6rem; font-weight: 700; line-height: 2.6rem; text-align: center; }
h1 { font-size: 1.45rem; line-height: 1.25; margin: 0; color: var(--tone); }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; } header p { margin: .2rem 0 0; color: var(--faint); }
h2.part { font-size: 1.25rem; margin-top: 2.5rem; border-top: 2px solid var(--line); padding-top: 1rem; }
table { border-collapse: collapse; } .pairs, .wide table { width: 100%; } .wide { overflow-x: auto; }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line);
  font-weight: 400; } th { color: var(--faint); } .pairs th { width: 13rem; }
.value, .numbers td { font-family: ui-monospace, monospace; font-size: .85rem; }
.numbers td, .numbers th { overflow-wrap: normal; text-align: right; padding: .3rem .35rem; white-space: nowrap; }
.numbers th:first-child { text-align: left; padding-left: 0; }
.mark { color: var(--tone); font-weight: 600; white-space: nowrap; }
ul.steps { list-style: none; margin: 0; padding: 0; } ul.steps li { display: grid; gap: 0 1rem; padding: .35rem 0;
  grid-template-columns: 6rem 12rem 1fr; border-bottom: 1px solid var(--line); } ul.steps b { font-weight: 600; }
.detail { color: var(--faint); font-size: .88rem; } .steps .detail { color: var(--ink); }
.chains { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
ol.chain { list-style: none; margin: 0; padding: 0; flex: 1 1 20rem; min-width: 0; max-width: 28rem; }
ol.chain li { position: relative; border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .9rem;
  background: var(--card); } ol.chain b, ol.chain span { display: block; }
ol.chain li + li { margin-top: 2rem; }
ol.chain li + li::before { content: ""; position: absolute; left: 1.6rem; top: -2rem; height: 1.6rem;
  border-left: 2px solid var(--faint); }
ol.chain li + li::after { content: ""; position: absolute; left: calc(1.6rem - 4px); top: -.55rem;
  border: 5px solid transparent; border-top-color: var(--faint); border-bottom: 0; }
ol.chain .anchor { border: 2px solid var(--good); } .role { color: var(--faint); font-size: .85rem; }
.anchor .role { color: var(--good); font-weight: 600; }
summary { cursor: pointer; font-weight: 600; margin-top: 1.5rem; }
@media (max-width: 44rem) { .pairs, .pairs tbody, .pairs tr, .pairs th, .pairs td { display: block; width: auto; }
  .pairs th { border: 0; padding: .4rem 0 0; font-size: .85rem; } .pairs td { padding: 0 0 .4rem; }
  ul.steps li { grid-template-columns: 6rem 1fr; } ul.steps .detail { grid-column: 1 / 3; } header { padding: .8rem; } }
@media print { details > * { display: block; } body { margin: 0; max-width: none; } })css";

}  // namespace adyton

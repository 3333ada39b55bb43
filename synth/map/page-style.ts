import { SVG_STYLE } from './svg.ts';

/** Inlined, as the script is, so that one file can be mailed, attached and opened anywhere. */
export const STYLE = `${SVG_STYLE}
body { max-width: none; font-size: 15px }
small, .keys, .counts { color: var(--quiet); font-size: .875rem }
header p { margin: .35rem 0 }
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem }
button { cursor: pointer }
button[aria-pressed=true] { border-color: var(--blue); color: var(--blue) }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; font-size: .875rem }
.legend li::before { content: ""; display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem; vertical-align: -.1rem; border: 2px solid var(--role); border-radius: .2rem }
.legend .entry::before, .legend .topic::before { border-radius: 1rem }
.legend .job::before, .legend .outside::before { border-style: dashed }
.scroll { overflow: auto }
#picture { border: 1px solid var(--line); border-radius: .4rem; margin: .6rem 0 1rem; max-height: 82vh }
#picture svg { display: block; margin: 0 auto }
.map [data-id] { cursor: pointer; outline: none }
.map .title[data-id]:hover text { fill: var(--blue); text-decoration: underline }
.map .vertex:hover .body { fill: var(--code) }
.map.many .line { stroke-opacity: .16 }
.map .quiet { display: none; stroke: var(--quiet) }
.map.all .quiet { display: inline }
.map .line.near.near { display: inline; stroke-opacity: 1; stroke-width: 2 }
.map .quiet.near { stroke-width: 1 }
.map.asked .line:not(.near), .map.asked .held, .map.found:not(.asked) .line { opacity: .15 }
.map.asked .vertex:not(.near), .map.found:not(.asked) .vertex:not(.hit) { opacity: .28 }
.map .vertex.asked .body, .map [data-id]:focus-visible .body { stroke: var(--text); stroke-width: 3 }
.map .title:focus-visible text { fill: var(--blue); text-decoration: underline }
#details { position: fixed; inset: 0 0 0 auto; width: min(34rem, 100vw); overflow-y: auto; overscroll-behavior: contain; background: var(--page); border-left: 1px solid var(--line); box-shadow: 0 0 2rem rgb(0 0 0 / .25); padding: 1rem 1.2rem }
@media (min-width: 75rem) { body:has(#details:not([hidden])) { padding-right: 35rem } }
#details h2 { font-size: 1.2rem; margin: 0 4rem .5rem 0; overflow-wrap: anywhere; outline: none }
#details h3 { font-size: .95rem; margin: 1rem 0 .2rem }
#details dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .8rem; margin: 0 }
#details dt { color: var(--quiet) }
#details dd { margin: 0; overflow-wrap: anywhere }
#details li button { border: 0; padding: 0; background: none; color: var(--blue); text-align: left; text-decoration: underline; vertical-align: top }
#close { float: right }
table { border-collapse: collapse; width: 100%; font-size: .875rem }
th, td { text-align: left; vertical-align: top; padding: .25rem .7rem .25rem 0; border-top: 1px solid var(--line) }
thead th { color: var(--quiet); border: 0; white-space: nowrap }
td button.open { border: 0; padding: 0; background: none; color: var(--blue); text-decoration: underline; text-align: left }
.load { white-space: nowrap }
.load meter { width: 6rem }
.bad { color: var(--red) }
.steps { padding-left: 1.6rem }
.steps > li { border-top: 1px solid var(--line); padding: .2rem 0 }
.steps > li::marker { color: var(--quiet) }
.steps ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .1rem 1.6rem }
@media print {
  @page { size: landscape; margin: 1cm }
  #picture { max-height: none; border: 0; overflow: visible; break-after: page }
  #picture svg { width: 100%; height: auto; max-height: 17cm }
  #details { position: static; width: auto; box-shadow: none; border: 0 }
  .tools, #close { display: none }
  tr { break-inside: avoid }
}
`;

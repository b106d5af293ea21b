/** The parts of the HTML report. */
import {
  type FileReport,
  type FoundReport,
  type LengthReport,
  languageName,
  type PartReport,
  type StatsReport,
  type Words,
} from "../../../curate/stats/index.js";
import { average, bytes, percent, short, whole } from "../../../util/figures.js";
import { type Markup, type MarkupValue, markup } from "../../../util/markup.js";
import { both, say } from "./bilingual.js";
import { histogramChart, partsBar, ringChart, shareBar } from "./charts.js";
import type { Place, Places } from "./places.js";
import { scriptName, type WordName } from "./words.js";

const nothing = markup``;

function card(name: WordName, content: Markup, wide = false): Markup {
  return markup`<section class="card${wide ? " wide" : ""}"><h2>${say(name)}</h2>${content}</section>`;
}

/** @param text whether the columns hold texts instead of numbers */
function table(
  head: readonly MarkupValue[],
  rows: readonly (readonly MarkupValue[])[],
  text: readonly number[] = [],
): Markup {
  const kind = (column: number, cell: MarkupValue) => {
    if (typeof cell === "object" && "html" in cell && cell.html.startsWith("<svg")) return "bar";
    return text.includes(column) ? "text" : "";
  };
  return markup`<div class="scroll"><table><thead><tr>${head.map(
    (cell, column) => markup`<th class="${text.includes(column) ? "text" : ""}">${cell}</th>`,
  )}</tr></thead><tbody>${rows.map(
    (row) =>
      markup`<tr>${row.map((cell, column) => markup`<td class="${kind(column, cell)}">${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

function fact(name: Markup, value: string): Markup {
  return markup`<span>${name} <b>${value}</b></span>`;
}

/** How many there are that a table does not show. */
function more(name: WordName, count: number): Markup {
  return count > 0 ? markup`<p class="place">… ${whole(count)} ${say(name)}</p>` : nothing;
}

/** @param name shortens a place; the whole path shows when it is pointed at */
function places(list: readonly Place[], name: Places): Markup {
  const title = list.map(({ file, line }) => `${file}:${line}`).join("\n");
  return markup`<span class="place" title="${title}">${list.map(name).join(" · ")}</span>`;
}

export function lengthCard(name: WordName, lengths: LengthReport | null): Markup {
  if (!lengths) return nothing;
  const facts = [
    fact(say("shortestValue"), whole(lengths.min)),
    fact(say("median"), whole(lengths.p50)),
    fact(markup`p90`, whole(lengths.p90)),
    fact(markup`p99`, whole(lengths.p99)),
    fact(say("longestValue"), whole(lengths.max)),
    fact(say("mean"), average(lengths.mean)),
  ];
  return card(name, markup`${histogramChart(lengths)}<div class="facts">${facts}</div>`);
}

export function truncationCard({ total }: StatsReport): Markup {
  const labelled = total.labelled_tokens ?? 0;
  if (!total.truncation || !total.tokens?.conversation) return nothing;
  const good = total.rows_measured - total.rows_refused;
  const rows = total.truncation.map((cut) => {
    const lost = cut.labelled_tokens_lost / Math.max(1, labelled);
    return [
      whole(cut.max_seq_length),
      percent(cut.rows_cut / good),
      percent(lost),
      whole(cut.rows_without_label),
      shareBar(lost, lost > 0.05 ? "bad" : "plain"),
    ];
  });
  const head = ["max_seq_length", say("rowsCut"), say("labelsLost"), say("noLabelShort"), ""];
  const ring = markup`<div class="side">${ringChart(total.labelled_share!)}<div class="facts">${[
    fact(say("learnt"), whole(labelled)),
    fact(say("notLearnt"), whole(total.tokens.conversation.sum - labelled)),
  ]}</div></div>`;
  return card(
    "truncation",
    markup`${table(head, rows)}<h2 style="margin-top:18px">${say("learntHeading")}</h2>${ring}`,
  );
}

interface Slice {
  name: Words;
  count: number;
}

/** A bar of the largest parts with its legend; what is left makes the last part. */
function slices(list: readonly Slice[], total: number): Markup {
  const shown = list.slice(0, 7);
  const rest = total - shown.reduce((sum, { count }) => sum + count, 0);
  const more: Words = { en: "others", zh: "其他" };
  const all = rest > 0 ? [...shown, { name: more, count: rest }] : shown;
  const tone = (index: number) => (index === shown.length ? 8 : index + 1);
  const bar = partsBar(
    all.map(({ name, count }, index) => ({
      share: count / total,
      tone: tone(index),
      title: `${name.en === name.zh ? name.en : `${name.en} ${name.zh}`}: ${percent(count / total)}`,
    })),
  );
  const legend = all.map(
    ({ name, count }, index) =>
      markup`<li><svg viewBox="0 0 10 10"><rect class="tone${tone(index)}" width="10" height="10"/></svg>${both(name)} ${percent(count / total)}</li>`,
  );
  return markup`${bar}<ul class="legend">${legend}</ul>`;
}

export function languagesCard(total: PartReport): Markup {
  const good = total.rows_measured - total.rows_refused;
  if (total.languages.length === 0) return nothing;
  const withTokens = total.languages[0]!.tokens !== null;
  const languages = slices(
    total.languages.map(({ language, rows }) => ({ name: languageName(language), count: rows })),
    good,
  );
  const characters = Object.values(total.scripts).reduce((sum, count) => sum + count, 0);
  const scripts = slices(
    Object.entries(total.scripts)
      .sort(([, a], [, b]) => b - a)
      .map(([script, count]) => ({ name: scriptName(script), count })),
    characters,
  );
  const rows = total.languages
    .slice(0, 8)
    .map((language) => [
      both(languageName(language.language)),
      whole(language.rows),
      short(language.characters),
      ...(withTokens
        ? [
            language.characters_per_token!.toFixed(2),
            percent(language.piece_share!),
            percent(language.unknown_share!),
          ]
        : []),
    ]);
  const head = [
    say("language"),
    say("rows"),
    say("characters"),
    ...(withTokens ? [say("perToken"), say("pieces"), say("unknown")] : []),
  ];
  return card(
    "languages",
    markup`${languages}${table(head, rows)}<h2 style="margin-top:18px">${say("scripts")}</h2>${scripts}`,
  );
}

export function duplicatesCard({ duplicates }: StatsReport, name: Places): Markup {
  const row = (name: WordName, share: number) => [
    say(name),
    percent(share),
    shareBar(share, share > 0.05 ? "bad" : "plain"),
  ];
  const rows = [
    row("exactDuplicates", duplicates.exact_share),
    row("nearDuplicates", duplicates.near_share),
    row("promptDuplicates", duplicates.first_prompt_share),
  ];
  const example =
    duplicates.near_example.length === 0
      ? nothing
      : markup`<div class="facts">${fact(say("largestGroup"), whole(duplicates.near_largest_group))}<span>${say("example")} ${places(duplicates.near_example, name)}</span></div>`;
  return card("duplicates", markup`${table(["", say("share"), ""], rows)}${example}`);
}

export function rolesCard({ total }: StatsReport): Markup {
  const entries = Object.entries(total.roles).filter(([, { messages }]) => messages > 0);
  if (entries.length === 0) return nothing;
  const all = entries.reduce((sum, [, { characters }]) => sum + characters, 0);
  const bar = slices(
    entries.map(([role, { characters }]) => ({ name: { en: role, zh: role }, count: characters })),
    Math.max(1, all),
  );
  const rows = entries.map(([role, { messages, characters, empty }]) => [
    role,
    whole(messages),
    whole(characters),
    whole(empty),
  ]);
  const facts = [
    fact(say("withSystem"), whole(total.rows_with_system)),
    fact(say("withTools"), whole(total.rows_with_tools)),
    fact(say("mixed"), whole(total.mixed_rows)),
  ];
  const head = [say("role"), say("messages"), say("characters"), say("empty")];
  return card("roles", markup`${bar}${table(head, rows)}<div class="facts">${facts}</div>`);
}

export function paddingCard({ padding }: StatsReport): Markup {
  if (!padding) return nothing;
  const row = (name: WordName, share: number) => [
    say(name),
    percent(share),
    shareBar(share, share < 0.5 ? "bad" : "good"),
  ];
  const rows = [
    row("paddedMax", padding.padded_to_max_length),
    row("paddedLongest", padding.padded_to_longest),
    row("bestFit", padding.best_fit_rows),
    row("packed", padding.packed),
  ];
  const facts = [
    fact(markup`max_seq_length`, whole(padding.max_seq_length)),
    fact(markup`batch_size`, whole(padding.batch_size)),
  ];
  return card(
    "padding",
    markup`${table(["", say("share"), ""], rows)}<div class="facts">${facts}</div>`,
  );
}

export function promptsCard(report: StatsReport, name: Places): Markup {
  if (report.first_prompts.length === 0) return nothing;
  const least = report.first_prompts_exact ? "" : "≥ ";
  const rows = report.first_prompts.map(({ rows, text, file, line }) => [
    least + whole(rows),
    markup`${text}<br>${places([{ file, line }], name)}`,
  ]);
  return card("prompts", table([say("rows"), ""], rows, [1]));
}

function foundTable(list: readonly (FoundReport & { text: string })[], name: Places): Markup {
  return table(
    [say("rows"), "", say("places")],
    list.slice(0, 12).map((found) => [whole(found.rows), found.text, places(found.places, name)]),
    [1, 2],
  );
}

export function findingsCards(total: PartReport, name: Places): Markup {
  const cards: Markup[] = [];
  if (total.placeholders.length > 0)
    cards.push(card("placeholders", foundTable(total.placeholders, name)));
  if (total.special_tokens.length > 0) {
    cards.push(card("specialTokens", foundTable(total.special_tokens, name)));
  }
  return markup`${cards}`;
}

export function longestCard(total: PartReport, name: Places): Markup {
  if (total.longest.length === 0) return nothing;
  const rows = total.longest.map((row) => [whole(row.length), places([row], name)]);
  return card(
    "longest",
    table([say(total.tokens ? "tokens" : "characters"), say("places")], rows, [1]),
  );
}

export function refusedCard(total: PartReport, name: Places): Markup {
  if (total.refused.length === 0) return nothing;
  const shown = total.refused.slice(0, 30);
  const rows = shown.map(({ rows: count, reason, places: found }) => [
    whole(count),
    reason,
    places(found, name),
  ]);
  return card(
    "refusedRows",
    markup`${table([say("rows"), say("reason"), say("places")], rows, [1, 2])}${more("moreReasons", total.refused.length - shown.length)}`,
    true,
  );
}

export function filesCard(files: readonly FileReport[]): Markup {
  const withTokens = files[0]?.tokens != null;
  const shown = files.slice(0, 200);
  const rows = shown.map((file) => [
    file.file,
    file.format,
    whole(file.rows),
    whole(file.rows_refused),
    bytes(file.bytes),
    ...(withTokens
      ? [short(file.tokens!.conversation?.sum ?? 0), percent(file.labelled_share ?? 0)]
      : []),
  ]);
  const head = [
    say("file"),
    say("format"),
    say("rows"),
    say("refused"),
    say("size"),
    ...(withTokens ? [say("tokens"), say("learnt")] : []),
  ];
  return card(
    "files",
    markup`${table(head, rows, [0])}${more("moreFiles", files.length - shown.length)}`,
    true,
  );
}

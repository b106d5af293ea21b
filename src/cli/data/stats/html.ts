/** The report as one HTML file that asks nothing of any network. */
import { noticesOf, type StatsReport } from "../../../curate/stats/index.js";
import { ownTemplateName } from "../../../text/index.js";
import { bytes, percent, short, whole } from "../../../util/figures.js";
import { escapeHtml, type Markup, markup } from "../../../util/markup.js";
import { both, say } from "./bilingual.js";
import {
  duplicatesCard,
  filesCard,
  findingsCards,
  languagesCard,
  lengthCard,
  longestCard,
  paddingCard,
  promptsCard,
  refusedCard,
  rolesCard,
  truncationCard,
} from "./cards.js";
import { placeNames } from "./places.js";
import { script, style } from "./style.js";
import { type ReportLanguage, wordsOf } from "./words.js";

/** @param language shown first; a button switches to the other */
export function htmlReport(report: StatsReport, language: ReportLanguage): string {
  const { total, files } = report;
  const names = files.map(({ file }) => file.split(/[\\/]/).at(-1)!);
  const title = names.length > 3 ? `${names.slice(0, 3).join(", ")} …` : names.join(", ");
  const name = placeNames(files);
  const lengths = total.tokens ?? total.characters;
  const unit = total.tokens ? "Tokens" : "Characters";
  const body = markup`<main>
<header><div><h1>${say("title")}</h1><p>${title} · ${bytes(report.bytes)}${tokenizerLine(report)}</p></div>
<nav><button id="language" type="button"><span class="en">中文</span><span class="zh">English</span></button><button id="theme" type="button" title="light / dark · 浅色 / 深色" aria-label="light / dark, 浅色 / 深色">◐</button></nav></header>
${tiles(report)}
${noticeList(report)}
<div class="stacks"><div class="stack">
${lengthCard(`conversation${unit}`, lengths.conversation)}${lengthCard(`answer${unit}`, lengths.answer)}
${lengthCard(`question${unit}`, lengths.question)}${lengthCard("turns", total.turns)}
${paddingCard(report)}${longestCard(total, name)}${findingsCards(total, name)}</div><div class="stack">
${truncationCard(report)}${languagesCard(total)}${duplicatesCard(report, name)}
${rolesCard(report)}${promptsCard(report, name)}</div></div>
${refusedCard(total, name)}${filesCard(files)}
<footer>Tunewright data stats · ${report.duplicates.method}</footer>
</main>`;
  const attributes = `lang="${language === "zh" ? "zh-CN" : "en"}" data-language="${language}"`;
  return `<!doctype html>
<html ${attributes}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escapeHtml(`${wordsOf("title")[language]}: ${title}`)}</title><style>${style}</style></head>
<body>${body.html}<script>${script}</script></body></html>
`;
}

function tokenizerLine({ tokenizer }: StatsReport): Markup {
  if (!tokenizer) return markup``;
  const own = tokenizer.template === ownTemplateName;
  return markup` · ${say("tokenizer")} ${tokenizer.name} · ${say("template")} ${own ? say("ownTemplate") : tokenizer.template}`;
}

function tiles(report: StatsReport): Markup {
  const { total, sample } = report;
  const tile = (value: string, name: Markup, bad = false) =>
    markup`<div class="tile${bad ? " bad" : ""}"><b>${value}</b><span>${name}</span></div>`;
  const refused = total.rows_refused;
  const found = [tile(whole(report.rows), say("rows"))];
  if (!sample.exact) found.push(tile(whole(total.rows_measured), say("rowsMeasured")));
  if (report.tokens_per_epoch !== null) {
    const about = sample.exact ? "" : "≈ ";
    found.push(tile(about + short(report.tokens_per_epoch), say("tokensEpoch")));
    found.push(tile(percent(total.labelled_share!), say("learntShare")));
  }
  if (total.turns) found.push(tile(total.turns.mean.toFixed(1), say("turnsMean")));
  found.push(tile(percent(report.duplicates.near_share), say("duplicates")));
  found.push(tile(whole(refused), say("refusedRows"), refused > 0));
  return markup`<div class="tiles">${found}</div>`;
}

function noticeList(report: StatsReport): Markup {
  const notices = noticesOf(report);
  if (notices.length === 0) return markup``;
  const items = notices.map((notice) => markup`<li class="${notice.kind}">${both(notice)}</li>`);
  return markup`<ul class="notices">${items}</ul>`;
}

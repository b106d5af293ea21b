import { type ReactNode, useEffect } from "react";
import type { DataFileDetail, DataStats } from "../../../../src/serve/schema";
import { useResource } from "../../api/useResource";
import { useLanguage, useTexts } from "../../language";
import {
  Badge,
  Failure,
  Figure,
  Figures,
  Hint,
  Loaded,
  Progress,
  ShareBar,
  TableFrame,
  useFormats,
} from "../../ui";
import { lineAddress } from "../address";
import { type Chosen, TokenSettings, tokenQuery, useTokenSettings } from "../tokens";
import { Histogram } from "./Histogram";
import type { Found, LengthReport, Place, StatsReport } from "./report";
import { statsTexts } from "./texts";

export function StatisticsTab({ file }: { file: DataFileDetail }) {
  const settings = useTokenSettings(file.runs);
  return (
    <TokenSettings settings={settings} withLength={false}>
      {(chosen) => <Statistics file={file} chosen={chosen} />}
    </TokenSettings>
  );
}

function Statistics({ file, chosen }: { file: DataFileDetail; chosen: Chosen }) {
  const t = useTexts(statsTexts);
  const resource = useResource<DataStats>(
    `api/data/${encodeURIComponent(file.id)}/stats?${tokenQuery({ ...chosen, maxLength: null })}`,
  );
  const { data, reload } = resource;
  const isCounting = data !== null && data.stats === null && data.error === null;
  useEffect(() => {
    if (!isCounting || data === null) return;
    const timer = setTimeout(reload, 700);
    return () => clearTimeout(timer);
  }, [isCounting, data, reload]);
  return (
    <Loaded resource={resource}>
      {({ stats, error, progress, findings }) =>
        error !== null ? (
          <Failure message={error} onRetry={reload} />
        ) : stats === null ? (
          <div className="state" role="status">
            <Progress label={t.counting} share={progress} />
          </div>
        ) : (
          <Report file={file} report={stats as unknown as StatsReport} findings={findings} />
        )
      }
    </Loaded>
  );
}

function Report(props: {
  file: DataFileDetail;
  report: StatsReport;
  findings: DataStats["findings"];
}) {
  const t = useTexts(statsTexts);
  const { file, report, findings } = props;
  const { total } = report;
  const lengths = total.tokens ?? total.characters;
  const unit = total.tokens ? t.tokens : t.characters;
  return (
    <>
      <Overview report={report} />
      <div className="stats-cards">
        <Findings findings={findings} />
        <LengthCard title={t.conversation(unit)} lengths={lengths.conversation} />
        <LengthCard title={t.answer(unit)} lengths={lengths.answer} />
        <LengthCard title={t.question(unit)} lengths={lengths.question} />
        <LengthCard title={t.turns} hint={t.turnsHint} lengths={total.turns} />
        <Truncation report={report} />
        <Languages report={report} />
        <Duplicates report={report} file={file} />
        <Prompts report={report} file={file} />
        <FoundTexts
          title={t.refused}
          list={total.refused.map(({ reason, ...rest }) => ({ text: reason, ...rest }))}
          file={file}
        />
        <FoundTexts
          title={t.placeholders}
          hint={t.placeholdersHint}
          list={total.placeholders}
          file={file}
        />
        <FoundTexts
          title={t.special}
          hint={t.specialHint}
          list={total.special_tokens}
          file={file}
        />
      </div>
    </>
  );
}

function Overview({ report }: { report: StatsReport }) {
  const t = useTexts(statsTexts);
  const { count, decimal, percent, bytes } = useFormats();
  const { total } = report;
  return (
    <section className="card overview" aria-label={t.overview}>
      <Figures label={t.overview}>
        <Figure name={t.rows} value={count(report.rows)} />
        <Figure name={t.size} value={bytes(report.bytes)} />
        {report.tokens_per_epoch !== null && (
          <Figure
            name={t.tokensPerEpoch}
            value={count(report.tokens_per_epoch)}
            hint={t.tokensPerEpochHint}
          />
        )}
        {total.labelled_share !== null && (
          <Figure
            name={t.learntShare}
            value={percent(total.labelled_share)}
            hint={t.learntShareHint}
          />
        )}
        {total.turns && <Figure name={t.meanTurns} value={decimal(total.turns.mean, 3)} />}
        <Figure name={t.system} value={count(total.rows_with_system)} />
        <Figure name={t.tools} value={count(total.rows_with_tools)} />
      </Figures>
      {report.tokenizer && (
        <p className="small soft">
          {t.tokenizer(report.tokenizer.name, report.tokenizer.template)}
        </p>
      )}
    </section>
  );
}

function Card(props: { title: string; hint?: string; children: ReactNode }) {
  return (
    <section className="card" aria-label={props.title}>
      <h2>
        {props.title} {props.hint && <Hint about={props.title}>{props.hint}</Hint>}
      </h2>
      {props.children}
    </section>
  );
}

function Findings({ findings }: { findings: DataStats["findings"] }) {
  const t = useTexts(statsTexts);
  const [language] = useLanguage();
  return (
    <Card title={t.findings}>
      {findings.length === 0 ? (
        <p className="soft">{t.noFindings}</p>
      ) : (
        <ul className="findings">
          {findings.map((finding) => (
            <li key={finding.en}>
              <Badge tone={finding.kind === "problem" ? "warn" : ""}>
                {finding.kind === "problem" ? t.problem : t.note}
              </Badge>
              <span>{finding[language]}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function LengthCard(props: { title: string; hint?: string; lengths: LengthReport | null }) {
  if (props.lengths === null) return null;
  return (
    <Card title={props.title} {...(props.hint ? { hint: props.hint } : {})}>
      <Histogram lengths={props.lengths} />
    </Card>
  );
}

function Truncation({ report: { total } }: { report: StatsReport }) {
  const t = useTexts(statsTexts);
  const { count, percent } = useFormats();
  if (total.truncation === null) return null;
  const rows = Math.max(1, total.rows_measured - total.rows_refused);
  return (
    <Card title={t.truncation} hint={t.truncationHint}>
      <TableFrame label={t.truncation}>
        <thead>
          <tr>
            <th scope="col">{t.length}</th>
            <th scope="col" className="number">
              {t.rowsCut}
            </th>
            <th scope="col" className="number">
              {t.learntLost}
            </th>
            <th scope="col" className="number">
              {t.nothingLeft}
            </th>
          </tr>
        </thead>
        <tbody>
          {total.truncation.map((cut) => {
            const lost = cut.labelled_tokens_lost / Math.max(1, total.labelled_tokens ?? 0);
            return (
              <tr key={cut.max_seq_length}>
                <th scope="row" className="figures">
                  {count(cut.max_seq_length)}
                </th>
                <td className="number">{percent(cut.rows_cut / rows)}</td>
                <td className="number">
                  {percent(lost)}
                  <ShareBar share={lost} tone={lost > 0.05 ? "warn" : ""} />
                </td>
                <td className="number">{count(cut.rows_without_label)}</td>
              </tr>
            );
          })}
        </tbody>
      </TableFrame>
    </Card>
  );
}

function Languages({ report: { total } }: { report: StatsReport }) {
  const t = useTexts(statsTexts);
  const [language] = useLanguage();
  const { percent, decimal } = useFormats();
  if (total.languages.length === 0) return null;
  const names = new Intl.DisplayNames([language === "zh" ? "zh-CN" : "en"], { type: "language" });
  const rows = Math.max(1, total.rows_measured - total.rows_refused);
  return (
    <Card title={t.languages}>
      <div className="bars">
        {total.languages.slice(0, 8).map((entry) => (
          <div key={entry.language}>
            <span>{entry.language === "und" ? t.unknownLanguage : names.of(entry.language)}</span>
            <span className="figures">{percent(entry.rows / rows)}</span>
            <ShareBar share={entry.rows / rows} />
            {entry.characters_per_token !== null && (
              <span className="small soft figures">
                {t.perToken(decimal(entry.characters_per_token, 3))}
              </span>
            )}
          </div>
        ))}
      </div>
    </Card>
  );
}

function Duplicates({ report, file }: { report: StatsReport; file: DataFileDetail }) {
  const t = useTexts(statsTexts);
  const { percent } = useFormats();
  const { duplicates } = report;
  const bars: [string, number][] = [
    [t.exact, duplicates.exact_share],
    [t.near, duplicates.near_share],
    [t.samePrompt, duplicates.first_prompt_share],
  ];
  return (
    <Card title={t.duplicates} hint={t.duplicatesHint}>
      <div className="bars">
        {bars.map(([name, share]) => (
          <div key={name}>
            <span>{name}</span>
            <span className="figures">{percent(share)}</span>
            <ShareBar share={share} tone={share > 0.05 ? "warn" : ""} />
          </div>
        ))}
      </div>
      {duplicates.near_example.length > 0 && (
        <p className="small soft">
          {t.example} <Places places={duplicates.near_example} file={file} />
        </p>
      )}
    </Card>
  );
}

function Prompts({ report, file }: { report: StatsReport; file: DataFileDetail }) {
  const t = useTexts(statsTexts);
  const { count } = useFormats();
  if (report.first_prompts.length === 0) return null;
  return (
    <Card title={t.prompts}>
      <ul className="found">
        {report.first_prompts.slice(0, 8).map((prompt) => (
          <li key={`${prompt.line}`}>
            <span className="one-line">{prompt.text}</span>
            <span className="small soft figures">
              {t.times(count(prompt.rows))} <Places places={[prompt]} file={file} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function FoundTexts(props: {
  title: string;
  hint?: string;
  list: readonly (Found & { text: string })[];
  file: DataFileDetail;
}) {
  const t = useTexts(statsTexts);
  const { count } = useFormats();
  if (props.list.length === 0) return null;
  return (
    <Card title={props.title} {...(props.hint ? { hint: props.hint } : {})}>
      <ul className="found">
        {props.list.slice(0, 12).map(({ text, rows, places }) => (
          <li key={text}>
            <span>{text}</span>
            <span className="small soft figures">
              {t.inRows(count(rows))} <Places places={places.slice(0, 3)} file={props.file} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Places({ places, file }: { places: readonly Place[]; file: DataFileDetail }) {
  const t = useTexts(statsTexts);
  return places.map(({ line }) => (
    <a key={line} href={lineAddress(file.id, line)}>
      {t.line(line)}{" "}
    </a>
  ));
}

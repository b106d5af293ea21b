import { useTexts } from "../../language";
import { Card, useFormats } from "../../ui";
import { type Comparison, tallyOf } from "./comparison";
import { texts } from "./texts";

/** Votes so far, each with its share. */
export function TallyCard(props: { comparison: Comparison; titles: readonly string[] }) {
  const t = useTexts(texts);
  const format = useFormats();
  const tally = tallyOf(props.comparison);
  if (tally.votes === 0) return null;
  const lines = [
    ...props.titles.map((title, column) => ({ title, count: tally.wins[column]! })),
    { title: t.ties, count: tally.ties },
    { title: t.allBad, count: tally.bad },
  ];
  return (
    <Card label={t.tally}>
      <div className="tally">
        <h2>{t.tally}</h2>
        <table>
          <tbody>
            {lines.map(({ title, count }, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the same model may stand in two columns
              <tr key={i}>
                <th scope="row">{title}</th>
                <td className="figures">{format.count(count)}</td>
                <td className="tally-bar">
                  <span style={{ width: `${(100 * count) / tally.votes}%` }} />
                </td>
                <td className="figures">{format.percent(count / tally.votes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p className="small soft">
          {t.votes(format.count(tally.votes), format.count(tally.blind))}
        </p>
      </div>
    </Card>
  );
}

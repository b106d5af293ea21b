/** The form that starts a run, puts it into the queue, or makes a sweep of it. */
import { useState } from "react";
import type { Catalogue, ConfigForm, ConfigRequest, DataList } from "../../../../src/serve/schema";
import { useResource } from "../../api/useResource";
import { addressOf, useRoute } from "../../app/route";
import { useTitle } from "../../app/title";
import { bothLanguages, useTexts } from "../../language";
import { Loaded } from "../../ui";
import { runPath } from "../addresses";
import { RunForm } from "./RunForm";
import "./form.css";

const texts = bothLanguages(
  {
    title: "New run",
    runs: "Runs",
    explanation: "Choose a model and data; everything else has a sensible value already.",
    duplicate: "A copy of a run, to change. Everything that you leave stays as it was there.",
  },
  {
    title: "新建训练",
    runs: "训练",
    explanation: "选择模型和数据即可，其余参数都有合理的默认值。",
    duplicate: "已有训练的副本，可修改；未改动的部分与原训练相同。",
  },
);

export default function NewRunScreen() {
  const t = useTexts(texts);
  const from = useRoute().query.get("from");
  const form = useResource<ConfigForm>("api/form");
  const models = useResource<Catalogue>("api/catalogue");
  const files = useResource<DataList>("api/data");
  const copied = useResource<ConfigRequest>(from && runPath(from, "duplicate"));
  const [key] = useState(() => from ?? "new");
  useTitle(t.title);
  const offers = { models: models.data?.entries ?? [], files: files.data?.files ?? [] };
  return (
    <>
      <header className="stack">
        <a className="small" href={addressOf(["runs"])}>
          ← {t.runs}
        </a>
        <h1>{t.title}</h1>
        <p className="soft">{from ? t.duplicate : t.explanation}</p>
      </header>
      <Loaded resource={form}>
        {(form) =>
          from ? (
            <Loaded resource={copied}>
              {(request) => (
                <RunForm key={key} form={form} offers={offers} start={{ ...request, from }} />
              )}
            </Loaded>
          ) : (
            <RunForm key={key} form={form} offers={offers} start={{ name: "", values: {} }} />
          )
        }
      </Loaded>
    </>
  );
}

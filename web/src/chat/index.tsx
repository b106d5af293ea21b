/** Chat with one model, and several models compared. */
import { lazy, Suspense } from "react";
import { addressOf, goTo, useRoute } from "../app/route";
import { bothLanguages, useTexts } from "../language";
import { Loading, Tabs } from "../ui";
import "./chat.css";
import { useModels } from "./models";
import { Talk } from "./talk";

const texts = bothLanguages(
  { title: "Chat", talk: "One model", compare: "Compare models" },
  { title: "对话", talk: "单个模型", compare: "模型对比" },
);

const Compare = lazy(() => import("./compare"));

export default function Chat() {
  const t = useTexts(texts);
  const models = useModels();
  const { parts } = useRoute();
  const isComparing = parts[0] === "compare";
  return (
    <>
      <div className="screen-head">
        <h1>{t.title}</h1>
        <Tabs
          label={t.title}
          tabs={[
            { id: "talk", title: t.talk },
            { id: "compare", title: t.compare },
          ]}
          chosen={isComparing ? "compare" : "talk"}
          onChoose={(id) => goTo(addressOf(id === "talk" ? ["chat"] : ["chat", "compare"]))}
        />
      </div>
      {isComparing ? (
        <Suspense fallback={<Loading />}>
          <Compare models={models} />
        </Suspense>
      ) : (
        <Talk models={models} />
      )}
    </>
  );
}

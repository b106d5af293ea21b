/** Talking to one model. */
import { useState } from "react";
import { useRoute } from "../../app/route";
import { useTexts } from "../../language";
import { Button, Empty, Hint, Loading } from "../../ui";
import { Composer } from "../composer";
import { shownMessages } from "../conversation";
import { Drawer } from "../Drawer";
import { type ChosenModel, ModelDialog, ModelPicker, type Models, useChosenModel } from "../models";
import { ownSampling, type Sampling, samplingFields } from "../sampling";
import { useEscape } from "../useEscape";
import { useStored } from "../useStored";
import { useWide } from "../useWide";
import { ContextUse } from "./ContextUse";
import { ConversationList } from "./ConversationList";
import { ServerNotice } from "./ServerNotice";
import { SettingsPanel } from "./SettingsPanel";
import { Beginning, Thread } from "./Thread";
import { texts } from "./texts";
import { readTools } from "./tools";
import { useTalk } from "./useTalk";

/** Widths from which the list and the settings stand beside the conversation. */
const wideForSettings = "68rem";
const wideForList = "86rem";

export function Talk({ models }: { models: Models }) {
  const t = useTexts(texts);
  const { parts, query } = useRoute();
  const chosen = useChosenModel(models, query.get("model"));
  const [sampling, setSampling] = useStored<Sampling>("sampling", ownSampling);
  const [toolText, setToolText] = useStored("tools", "");
  const [asTokens, setAsTokens] = useStored("probabilities", false);
  const tools = chosen.served?.tools ? (readTools(toolText) ?? []) : [];
  const talk = useTalk({
    id: parts[0] ?? null,
    model: chosen.name,
    fields: { ...samplingFields(sampling), ...(tools.length > 0 ? { tools } : {}) },
  });
  const { conversation, session } = talk;
  useEscape(talk.isAnswering, talk.stop);
  const hasSettings = useWide(wideForSettings);
  const hasList = useWide(wideForList);
  const canAsk =
    models.status?.ready === true && models.isConnected && chosen.served?.state === "ready";
  const messages = shownMessages(conversation);
  const settings = (
    <SettingsPanel
      settings={{ system: conversation.system, sampling, tools: toolText }}
      model={chosen.served}
      onSystem={talk.setSystem}
      onSampling={setSampling}
      onTools={setToolText}
    />
  );
  const listOf = (close?: () => void) => (
    <ConversationList session={session} shown={conversation.id} onChoose={close} />
  );
  return (
    <div className={`talk ${hasList ? "with-list" : ""} ${hasSettings ? "with-settings" : ""}`}>
      {hasList && <aside aria-label={t.conversations}>{listOf()}</aside>}
      <section className="talk-main" aria-label={t.assistant}>
        <div className="talk-bar">
          {!hasList && (
            <Drawer label={t.conversations} icon="list">
              {listOf}
            </Drawer>
          )}
          <ModelPicker models={models} chosen={chosen.name} onChoose={chosen.choose} />
          <span className="probabilities">
            <label className="check">
              <input
                type="checkbox"
                checked={asTokens}
                onChange={(event) => setAsTokens(event.target.checked)}
              />
              {t.probabilities}
            </label>
            <Hint about={t.probabilities}>{t.probabilitiesHint}</Hint>
          </span>
          {!hasSettings && (
            <Drawer label={t.settings} icon="sliders">
              {() => settings}
            </Drawer>
          )}
        </div>
        {messages.length > 0 ? (
          <Thread
            conversation={conversation}
            isAnswering={talk.isAnswering}
            isBusy={!canAsk || talk.isAnswering}
            asTokens={asTokens}
            actions={talk.actions}
            onResults={talk.sendResults}
          />
        ) : (
          <Start models={models} chosen={chosen} canAsk={canAsk} onAsk={talk.send} />
        )}
        <footer className="talk-foot">
          {talk.removed && (
            <p className="notice" role="status">
              {t.removed}{" "}
              <Button tone="quiet" onClick={talk.undo}>
                {t.undo}
              </Button>
            </p>
          )}
          <ServerNotice models={models} chosen={chosen} />
          <Composer
            label={t.placeholder}
            isAnswering={talk.isAnswering}
            canSend={canAsk}
            onSend={talk.send}
            onStop={talk.stop}
          />
          <ContextUse messages={messages} context={chosen.served?.context ?? null} />
        </footer>
      </section>
      {hasSettings && <aside aria-label={t.settings}>{settings}</aside>}
    </div>
  );
}

function Start(props: {
  models: Models;
  chosen: ChosenModel;
  canAsk: boolean;
  onAsk: (text: string) => void;
}) {
  const t = useTexts(texts);
  const [isOpen, setOpen] = useState(false);
  const { models, chosen } = props;
  if (models.status === null) return <Loading />;
  if (chosen.name !== null) {
    return <Beginning model={chosen.name} canAsk={props.canAsk} onAsk={props.onAsk} />;
  }
  return (
    <Empty title={t.noModel}>
      <p>{t.noModelText}</p>
      <Button tone="primary" onClick={() => setOpen(true)}>
        {t.loadModel}
      </Button>
      {isOpen && <ModelDialog models={models} onClose={() => setOpen(false)} />}
    </Empty>
  );
}

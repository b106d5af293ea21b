import type { Catalogue, LoadRequest, ServedModel } from "../../../../src/serve/schema";
import { getJson, sendJson } from "../../api/client";
import { addressOf, goTo } from "../../app/route";
import { bothLanguages, useTexts } from "../../language";
import { Button } from "../../ui";
import { useAction } from "../useAction";

const texts = bothLanguages({ talk: "Talk to it" }, { talk: "与它对话" });

/** Loads an entry of the catalogue and goes to the chat with it. */
export function TalkButton({ entry }: { entry: string }) {
  const t = useTexts(texts);
  const action = useAction();
  const talk = async () => {
    const { entries } = await getJson<Catalogue>("api/catalogue");
    const loaded = entries.find(({ id }) => id === entry)?.loaded_as;
    const request: LoadRequest = { source: entry };
    const name = loaded ?? (await sendJson<ServedModel>("POST", "api/models", request)).name;
    goTo(addressOf(["chat"], { model: name }));
  };
  return (
    <>
      {action.error && (
        <span className="small bad-text" role="alert">
          {action.error}{" "}
        </span>
      )}
      <Button disabled={action.isBusy} onClick={() => action.run(talk)}>
        {t.talk}
      </Button>
    </>
  );
}

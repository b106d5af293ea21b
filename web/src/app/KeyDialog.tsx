/** Asks for the API key where the server wants one. */
import { type FormEvent, useEffect, useState } from "react";
import { setApiKey } from "../api/client";
import { bothLanguages, useTexts } from "../language";
import { Button, Dialog, Field } from "../ui";

const texts = bothLanguages(
  {
    title: "This server asks for a key",
    explanation:
      "It is the one that the server was started with. This tab keeps it until it is closed.",
    key: "API key",
    enter: "Enter",
  },
  {
    title: "此服务器需要密钥",
    explanation: "即启动服务器时设置的密钥。此标签页会保存它，直到关闭。",
    key: "API 密钥",
    enter: "进入",
  },
);

export function KeyDialog() {
  const t = useTexts(texts);
  const [isOpen, setOpen] = useState(false);
  const [key, setKey] = useState("");
  useEffect(() => {
    const open = () => setOpen(true);
    addEventListener("apikeyneeded", open);
    return () => removeEventListener("apikeyneeded", open);
  }, []);
  if (!isOpen) return null;
  const enter = (event: FormEvent) => {
    event.preventDefault();
    setOpen(false);
    setApiKey(key);
  };
  return (
    <Dialog label={t.title} onClose={() => setOpen(false)}>
      <form className="key-form" onSubmit={enter}>
        <h2>{t.title}</h2>
        <p className="soft">{t.explanation}</p>
        <Field label={t.key}>
          {(ids) => (
            <input
              {...ids}
              className="input"
              type="password"
              autoComplete="off"
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
          )}
        </Field>
        <Button tone="primary" type="submit" disabled={key === ""}>
          {t.enter}
        </Button>
      </form>
    </Dialog>
  );
}

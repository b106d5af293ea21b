import { type ReactNode, useState } from "react";
import { bothLanguages, useTexts } from "../language";
import { Button, Dialog } from "../ui";
import { Icon, type IconName } from "./icons";

const texts = bothLanguages({ close: "Close" }, { close: "关闭" });

/** Where there is no room beside the content: a button that opens the same in a dialog. */
export function Drawer(props: {
  label: string;
  icon: IconName;
  children: (close: () => void) => ReactNode;
}) {
  const t = useTexts(texts);
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <>
      <Button aria-label={props.label} title={props.label} onClick={() => setOpen(true)}>
        <Icon name={props.icon} />
      </Button>
      {isOpen && (
        <Dialog label={props.label} onClose={close}>
          <div className="drawer">
            <header className="screen-head">
              <h2>{props.label}</h2>
              <Button onClick={close}>{t.close}</Button>
            </header>
            {props.children(close)}
          </div>
        </Dialog>
      )}
    </>
  );
}

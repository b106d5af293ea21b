import { type ChangeEvent, useRef } from "react";
import { Button } from "../ui";

/** A button that reads a text file of the user's. */
export function PickFile(props: {
  label: string;
  /** Endings and types, as `accept` of an input has them. */
  accept: string;
  isDisabled?: boolean;
  onText: (text: string) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  const read = async (event: ChangeEvent<HTMLInputElement>) => {
    const element = event.target;
    const file = element.files?.[0];
    if (file) props.onText(await file.text());
    element.value = "";
  };
  return (
    <>
      <Button disabled={props.isDisabled} onClick={() => input.current?.click()}>
        {props.label}
      </Button>
      <input
        ref={input}
        type="file"
        accept={props.accept}
        hidden
        aria-label={props.label}
        onChange={(event) => void read(event)}
      />
    </>
  );
}

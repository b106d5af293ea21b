/**
 * The messages in an event file: TensorFlow's `Event`, with the field numbers of `event.proto`,
 * `summary.proto` and `tensor.proto`, shaped as `torch.utils.tensorboard` shapes them.
 */
import {
  bytesField,
  doubleField,
  floatField,
  integerField,
  joinBytes,
  messageField,
  textField,
} from "../../util/protobuf.js";

/** The first message of every file. */
export function fileVersionEvent(time: number): Uint8Array {
  return joinBytes([doubleField(1, time), textField(3, "brain.Event:2")]);
}

/** A program begins or begins again: whatever has this step or a later one in earlier files is void. */
export function sessionStartEvent(time: number, step: number): Uint8Array {
  const start = 1;
  return joinBytes([
    doubleField(1, time),
    stepField(step),
    messageField(7, [integerField(1, start)]),
  ]);
}

/** Values of one step, by their tags. */
export function scalarsEvent(
  time: number,
  step: number,
  scalars: Readonly<Record<string, number>>,
): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) =>
    messageField(1, [textField(1, tag), floatField(2, value)]),
  );
  return summaryEvent(time, step, values);
}

/** A text; the page renders it as Markdown. */
export function textEvent(time: number, step: number, tag: string, text: string): Uint8Array {
  const stringType = 7;
  const tensor = [
    integerField(1, stringType),
    messageField(2, [messageField(2, [integerField(1, 1)])]),
    textField(8, text),
  ];
  return summaryEvent(time, step, [
    messageField(1, [
      textField(1, `${tag}/text_summary`),
      pluginField("text"),
      messageField(8, tensor),
    ]),
  ]);
}

function summaryEvent(time: number, step: number, values: readonly Uint8Array[]): Uint8Array {
  return joinBytes([doubleField(1, time), stepField(step), messageField(5, values)]);
}

function stepField(step: number): Uint8Array {
  return integerField(2, step);
}

/** Which of TensorBoard's plugins shows a value. */
function pluginField(name: string, content?: Uint8Array): Uint8Array {
  const plugin = [textField(1, name), ...(content ? [bytesField(2, content)] : [])];
  return messageField(9, [messageField(1, plugin)]);
}

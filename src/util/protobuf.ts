/**
 * Protocol buffers: what the files of TensorBoard, W&B and SentencePiece are made of. A field is
 * its bytes with the key in front, and a message is its fields one after the other.
 * https://protobuf.dev/programming-guides/encoding
 */

/** How the bytes after a key are to be read. */
const wireType = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

/** A whole number; a negative one as its two's complement in 64 bits, as `int32` and `int64` have it. */
export function integerField(number: number, value: number): Uint8Array {
  return joinBytes([key(number, wireType.varint), varint(value)]);
}

/** `true` or `false`. */
export function booleanField(number: number, value: boolean): Uint8Array {
  return integerField(number, value ? 1 : 0);
}

/** A 32-bit floating-point number. */
export function floatField(number: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return joinBytes([key(number, wireType.fixed32), bytes]);
}

/** A 64-bit floating-point number. */
export function doubleField(number: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return joinBytes([key(number, wireType.fixed64), bytes]);
}

/** A text, in UTF-8. */
export function textField(number: number, value: string): Uint8Array {
  return bytesField(number, Buffer.from(value, "utf8"));
}

/** Bytes as they are. */
export function bytesField(number: number, value: Uint8Array): Uint8Array {
  return joinBytes([key(number, wireType.lengthDelimited), varint(value.length), value]);
}

/** A message inside a message. */
export function messageField(number: number, fields: readonly Uint8Array[]): Uint8Array {
  return bytesField(number, joinBytes(fields));
}

/** A message from its fields. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function key(number: number, type: number): Uint8Array {
  return varint(number * 8 + type);
}

/** Seven bits a byte, the lowest first; the top bit says that more follow. */
function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not an integer`);
  const bytes: number[] = [];
  if (value < 0) {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
    return Uint8Array.from(bytes);
  }
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** A field as it was read: the value of a varint, or the bytes of anything else. */
export interface Field {
  readonly number: number;
  /** Of a varint, as far as a number holds it; 0 for other kinds. */
  readonly integer: number;
  /** Of a length-delimited or fixed field; empty for a varint. */
  readonly bytes: Uint8Array;
}

/**
 * Takes a message apart.
 * @throws RangeError where the bytes are no message
 */
export function readFields(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const readVarint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++];
      if (byte === undefined || factor > 2 ** 63) throw new RangeError("a number has no end");
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => {
    at += length;
    if (at > message.length) throw new RangeError("a field is longer than its message");
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const head = readVarint();
    const [number, type] = [Math.floor(head / 8), head % 8];
    if (type === wireType.varint) fields.push({ number, integer: readVarint(), bytes: nothing });
    else if (type === wireType.fixed64) fields.push({ number, integer: 0, bytes: take(8) });
    else if (type === wireType.fixed32) fields.push({ number, integer: 0, bytes: take(4) });
    else if (type === wireType.lengthDelimited)
      fields.push({ number, integer: 0, bytes: take(readVarint()) });
    else throw new RangeError(`fields of type ${type} are not known`);
  }
  return fields;
}

const nothing = new Uint8Array(0);

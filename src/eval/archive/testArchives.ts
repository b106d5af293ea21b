/** Archives for tests, honest and otherwise. */
import { deflateRawSync } from "node:zlib";
import { reflectedCrc32 } from "../../util/crc.js";

const crc32 = reflectedCrc32(0xedb88320);

export interface TestEntry {
  name: string;
  data?: string | Buffer;
  /** Mode of a zip entry, type of a tar entry. */
  mode?: number;
  type?: string;
  /** Size that it claims. */
  claimed?: number;
  method?: number;
  /** Place of its header, if not its own. */
  at?: number;
}

export function zipOf(entries: readonly TestEntry[]): Buffer {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let position = 0;
  for (const { name, data = "", mode = 0o100644, claimed, method = 8, at } of entries) {
    const bytes = Buffer.from(data);
    const packed = method === 8 ? deflateRawSync(bytes) : bytes;
    const label = Buffer.from(name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(label.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt8(3, 5);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc32(bytes), 16);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(claimed ?? bytes.length, 24);
    central.writeUInt16LE(label.length, 28);
    central.writeUInt16LE(mode, 40);
    central.writeUInt32LE(at ?? position, 42);
    parts.push(local, label, packed);
    list.push(central, label);
    position += 30 + label.length + packed.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(position, 16);
  return Buffer.concat([...parts, directory, end]);
}

export function tarOf(entries: readonly TestEntry[]): Buffer {
  const blocks = entries.flatMap(({ name, data = "", type = "0", claimed }) => {
    const bytes = Buffer.from(data);
    const header = Buffer.alloc(512);
    header.write(name.slice(0, 100), 0);
    header.write("0000644\0", 100);
    header.write(`${(claimed ?? bytes.length).toString(8).padStart(11, "0")}\0`, 124);
    header.write(type, 156);
    header.write("ustar\x0000", 257);
    header.fill(" ", 148, 156);
    const sum = header.reduce((all, byte) => all + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

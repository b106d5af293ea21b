/** What a server holds: files, tensors, memory. */
import { readdirSync, readFileSync } from "node:fs";

export interface ServerState {
  /** Open files and sockets of the server and its engine. */
  handles: number;
  /** Tensors of the engine. */
  tensors: number;
  /** Bytes of memory of the server. */
  serverBytes: number;
  /** Bytes of memory of the engine, without the keys and values that it keeps for prompts to come. */
  engineBytes: number;
  restarts: number;
}

/** @param pid of the server, whose only child is the engine */
export async function serverState(address: string, pid: number): Promise<ServerState> {
  const engines = childrenOf(pid);
  const processes = [pid, ...engines];
  const figures = await metrics(address);
  return {
    handles: processes.reduce((sum, one) => sum + readdirSync(`/proc/${one}/fd`).length, 0),
    serverBytes: residentBytes(pid),
    engineBytes:
      engines.reduce((sum, one) => sum + residentBytes(one), 0) - figures("kv_cache_bytes"),
    tensors: figures("engine_tensors"),
    restarts: figures("engine_restarts_total"),
  };
}

/** Answers that are being computed or wait. */
export async function busy(address: string, apiKey?: string): Promise<number> {
  const figures = await metrics(address, apiKey);
  return figures("num_requests_running") + figures("num_requests_waiting");
}

async function metrics(address: string, apiKey?: string): Promise<(name: string) => number> {
  const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const text = await (await fetch(`${address}/metrics`, { headers })).text();
  return (name) => Number(new RegExp(`^tunewright:${name} (\\S+)$`, "m").exec(text)?.[1]);
}

export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}

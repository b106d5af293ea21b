/** Where things are: addresses on the page, and paths of the server. */
import { addressOf } from "../app/route";

export const runAddress = (id: string, query: Record<string, string> = {}) =>
  addressOf(["runs", id], query);

export const overlayAddress = (ids: readonly string[]) =>
  addressOf(["runs", "overlay"], { runs: ids.join(",") });

/** @param from the run whose configuration the form begins with */
export const newRunAddress = (from?: string) => addressOf(["runs", "new"], from ? { from } : {});

/** @param rest what follows the run: `curves?axis=step` */
export const runPath = (id: string, rest = "") =>
  `api/runs/${encodeURIComponent(id)}${rest && `/${rest}`}`;

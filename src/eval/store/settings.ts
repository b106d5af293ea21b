/** What makes an evaluation the one that it is. */

/** Plain values by name, as results.json holds them in `config`. */
export type Settings = Readonly<Record<string, unknown>>;

/** Names of those settings that the other evaluation has not, or has with another value. */
export function differingSettings(settings: Settings, others: Settings): string[] {
  const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
  return Object.keys(settings).filter((name) => !same(settings[name], others[name]));
}

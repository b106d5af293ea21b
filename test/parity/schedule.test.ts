/** Learning rates against transformers' get_scheduler; schedule-fixtures.py makes the fixture. */
import { expect, it } from "vitest";
import { createSchedule, type ScheduleOptions } from "../../src/train/schedule.js";
import { readPackedJson } from "../packedJson.js";

interface Fixture {
  learning_rate: number;
  total_steps: number;
  cases: { config: Partial<ScheduleOptions>; rates: number[] }[];
}

const file = new URL("./fixtures/schedule.json.gz", import.meta.url);
const fixture = readPackedJson<Fixture>(file);

it.each(fixture.cases.map((one) => [JSON.stringify(one.config), one] as const))(
  "equals transformers at every step: %s",
  (_, { config, rates }) => {
    const rate = createSchedule(
      {
        learning_rate: fixture.learning_rate,
        lr_scheduler_type: "linear",
        lr_scheduler_kwargs: {},
        warmup_steps: 0,
        warmup_ratio: 0,
        ...config,
      },
      fixture.total_steps,
    );
    expect(rates).toHaveLength(200);
    const worst = Math.max(...rates.map((expected, step) => Math.abs(rate(step) - expected)));
    // Rates are about 1e-4, so this is a relative 1e-12 at the peak.
    expect(worst).toBeLessThan(2e-16);
  },
);

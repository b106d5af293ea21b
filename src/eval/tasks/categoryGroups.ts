/** Groups of a benchmark whose own code averages subjects, each with the same weight. */
import type { Group } from "../types.js";

/** The category of a subject in words, by the name that groups have. */
const aliases: Readonly<Record<string, string>> = {
  stem: "STEM",
  china_specific: "China specific",
};

/**
 * One group for all subjects, and one for each category. Each averages its subjects.
 *
 * @param name of the group of all; the others are called `name_category`, the tasks `name_subject`
 * @param subjects by category; a subject may stand in several
 */
export function macroGroups(
  name: string,
  subjects: Readonly<Record<string, readonly string[]>>,
): Group[] {
  const categories = Object.keys(subjects);
  const members = categories.map((category) => `${name}_${category}`);
  const common = { version: 1, average: "macro" } as const;
  return [
    { name, members, ...common },
    ...Object.entries(subjects).map(
      ([category, names]): Group => ({
        name: `${name}_${category}`,
        alias: aliases[category] ?? category.replaceAll("_", " "),
        members: names.map((subject) => `${name}_${subject}`),
        ...common,
      }),
    ),
  ];
}

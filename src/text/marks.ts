/** Characters that stand for a place in rendered text: noncharacters, which no real text carries. */

export const openMark = "\ufdd0";
export const closeMark = "\ufdd1";

/** Characters that stand for a place in rendered text: noncharacters, which no real text carries. */

export const openMark = "\ufdd0";
export const closeMark = "\ufdd1";

/** Around text of a row that spells a token which only the chat template may write. */
export const openSpelled = "\ufdd2";
export const closeSpelled = "\ufdd3";

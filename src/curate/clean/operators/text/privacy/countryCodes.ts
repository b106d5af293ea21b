/** Country calling codes (ITU-T E.164), by their first two digits where these do not decide. */

const oneOrTwoDigits = new Set(
  (
    "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 " +
    "65 66 81 82 84 86 90 91 92 93 94 95 98"
  ).split(" "),
);
const firstTwoOfThree = new Set(
  "21 22 23 24 25 26 29 35 37 38 42 50 59 67 68 69 80 85 87 88 96 97 99".split(" "),
);

/** Whether a number in international form begins with a code that is in use. */
export function hasCountryCode(digits: string): boolean {
  return (
    oneOrTwoDigits.has(digits[0]!) ||
    oneOrTwoDigits.has(digits.slice(0, 2)) ||
    firstTwoOfThree.has(digits.slice(0, 2))
  );
}

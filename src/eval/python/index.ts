/** What the reference does in Python, reproduced: its random numbers, strings and regular expressions. */
export { asciiDigits, BOUNDARY, WORD } from "./patterns.js";
export { type PythonRandom, pythonRandom } from "./random.js";
export { pythonRegExp } from "./regExp.js";
export { splitWords, strip } from "./text.js";

/** Numbers for people, in the language of the page. */
import { useMemo } from "react";
import { type Language, useLanguage } from "../language";

export interface Formats {
  /** 12,345 */
  count(value: number | null): string;
  /** Four significant digits: 1.153, 0.0001 */
  decimal(value: number | null, digits?: number): string;
  /** 5e-5 for small rates */
  rate(value: number | null): string;
  /** 45.2 % */
  percent(value: number | null): string;
  /** 1.5 GB */
  bytes(value: number | null): string;
  /** 1 h 5 min */
  duration(seconds: number | null): string;
  /** 5 min ago */
  ago(seconds: number): string;
  /** Day and time of day */
  moment(seconds: number): string;
}

const none = "–";

function formatsOf(language: Language): Formats {
  const locale = language === "zh" ? "zh-CN" : "en-US";
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const decimal = (value: number | null, digits = 4) =>
    value === null
      ? none
      : new Intl.NumberFormat(locale, { maximumSignificantDigits: digits }).format(value);
  return {
    count: (value) => (value === null ? none : whole.format(value)),
    decimal,
    rate: (value) =>
      value === null ? none : value !== 0 && value < 1e-2 ? shortExponent(value) : decimal(value),
    percent: (value) =>
      value === null
        ? none
        : new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 }).format(
            value,
          ),
    bytes(value) {
      if (value === null) return none;
      const units = ["B", "kB", "MB", "GB", "TB"];
      const power = Math.min(
        units.length - 1,
        Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)),
      );
      return `${decimal(value / 1000 ** power, 3)} ${units[power]}`;
    },
    duration(seconds) {
      if (seconds === null) return none;
      const [hour, minute, second] = language === "zh" ? ["小时", "分", "秒"] : ["h", "min", "s"];
      if (seconds < 60) return `${decimal(seconds, seconds < 10 ? 2 : 3)} ${second}`;
      const minutes = Math.round(seconds / 60);
      if (minutes < 60) return `${minutes} ${minute}`;
      return `${Math.floor(minutes / 60)} ${hour} ${minutes % 60} ${minute}`;
    },
    ago(moment) {
      const seconds = moment - Date.now() / 1000;
      const steps: [Intl.RelativeTimeFormatUnit, number][] = [
        ["day", 86400],
        ["hour", 3600],
        ["minute", 60],
      ];
      for (const [unit, size] of steps) {
        if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
      }
      return relative.format(Math.round(seconds), "second");
    },
    moment: (seconds) => date.format(seconds * 1000),
  };
}

function shortExponent(value: number): string {
  return value.toExponential(2).replace(/\.?0*e/, "e");
}

export function useFormats(): Formats {
  const [language] = useLanguage();
  return useMemo(() => formatsOf(language), [language]);
}

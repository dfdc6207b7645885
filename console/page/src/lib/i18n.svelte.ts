import { type Dictionary, en } from "./en.ts";
import { inTwoLanguages, withLocalTimes } from "./format.ts";
import type { Lang, Text } from "./types.ts";
import { zh } from "./zh.ts";

const KEY = "hazwatch.language";
const DICTIONARIES: Record<Lang, Dictionary> = { zh, en };

function initial(): Lang {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === "zh" || kept === "en") return kept;
  } catch {
    // A browser that keeps nothing still has a language of its own.
  }
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

class Language {
  current = $state<Lang>(initial());
  t = $derived<Dictionary>(DICTIONARIES[this.current]);

  switch(): void {
    this.current = this.current === "zh" ? "en" : "zh";
    try {
      localStorage.setItem(KEY, this.current);
    } catch {
      // as above
    }
  }

  /** A text that came from the server, in the language shown and with its times in the zone shown; in the other one where it lacks this one. */
  of(text: Partial<Text> | null | undefined): string {
    return withLocalTimes(text?.[this.current] || text?.en || text?.zh || "");
  }

  /** The description of a sensor, in the language shown where it is in both. */
  described(description: string): string {
    return inTwoLanguages(description)[this.current];
  }
}

export const language = new Language();

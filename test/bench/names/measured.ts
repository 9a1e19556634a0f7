/** What `program.ts` sends home, one section at a time. */
export interface MeasuredName {
  readonly what: string;
  readonly value: number;
  /** The bar; none for a figure that is there to compare with. */
  readonly most: number | undefined;
  readonly unit: string;
}

export type Tell = (what: string, value: number, most: number | undefined, unit: string) => void;

export const TICK_EVERY_MS = 60;

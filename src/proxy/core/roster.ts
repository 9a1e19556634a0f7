/**
 * Who is there now. As a Set, but for the garbage: a Set's table is replaced after every so many members that
 * came and went, and the old table, once it is old, keeps those that stood in it, with all that hangs on
 * them, through each scavenge. At some thousand tunnels a second that was most of the collector's work.
 */
export interface Seat {
  at: number;
}

const GONE = -1;

export class Roster<Member> {
  readonly #members: Member[] = [];
  readonly #seats: Seat[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: Member): Seat {
    const seat = { at: this.#members.length };
    this.#members.push(member);
    this.#seats.push(seat);
    return seat;
  }

  /** Does nothing the second time. */
  remove(seat: Seat): void {
    const { at } = seat;
    if (at === GONE) return;
    seat.at = GONE;
    const lastMember = this.#members.pop() as Member;
    const lastSeat = this.#seats.pop() as Seat;
    if (lastSeat === seat) return;
    this.#members[at] = lastMember;
    this.#seats[at] = lastSeat;
    lastSeat.at = at;
  }

  /** In no order; those that were there when it was asked for. */
  members(): Member[] {
    return [...this.#members];
  }
}

// Loaded before the bridge: each SIGUSR2 moves the wall clock by the days that the file beside the clock's name says.
// The monotonic clock goes on, as it does when an administrator or NTP sets the time.
const { readFileSync } = require('node:fs');

const RealDate = Date;
let shiftMs = 0;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + shiftMs);
    else super(...args);
  }

  static now() {
    return RealDate.now() + shiftMs;
  }
};
process.on('SIGUSR2', () => {
  shiftMs = Number(readFileSync(`${process.env.HOME}/days`, 'utf8')) * 86_400_000;
});

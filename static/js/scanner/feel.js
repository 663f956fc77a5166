/* A verdict for ears and hands: one rising sound for yes, a low double one for no, and a buzz. */

const SOUNDS = {
  yes: [
    { from: 0, hertz: 880, long: 0.09 },
    { from: 0.1, hertz: 1320, long: 0.16 },
  ],
  no: [
    { from: 0, hertz: 196, long: 0.22 },
    { from: 0.28, hertz: 147, long: 0.34 },
  ],
  again: [
    { from: 0, hertz: 440, long: 0.12 },
    { from: 0.17, hertz: 440, long: 0.12 },
    { from: 0.34, hertz: 330, long: 0.22 },
  ],
};

const BUZZES = { yes: [80], no: [250, 90, 250], again: [90, 70, 90, 70, 180] };

let context = null;

/* Browsers let a page make a sound only after a touch or a key. */
export function unlockSound() {
  const Kind = window.AudioContext ?? window.webkitAudioContext;
  if (!Kind) {
    return;
  }
  context ??= new Kind();
  if (context.state === "suspended") {
    context.resume().catch(() => {});
  }
}

export function feel(tone) {
  // Before the first touch the browser would only complain.
  if (navigator.userActivation?.hasBeenActive !== false) {
    navigator.vibrate?.(BUZZES[tone]);
  }
  if (context?.state !== "running") {
    return;
  }
  for (const { from, hertz, long } of SOUNDS[tone]) {
    const begin = context.currentTime + from;
    const swing = context.createOscillator();
    const volume = context.createGain();
    swing.type = tone === "yes" ? "sine" : "square";
    swing.frequency.value = hertz;
    volume.gain.setValueAtTime(0.0001, begin);
    volume.gain.exponentialRampToValueAtTime(tone === "yes" ? 0.5 : 0.3, begin + 0.015);
    volume.gain.exponentialRampToValueAtTime(0.0001, begin + long);
    swing.connect(volume).connect(context.destination);
    swing.start(begin);
    swing.stop(begin + long);
  }
}

// Numbers as text, so that none of them loses digits.

/** `undefined` if it is no number. `1.0` and `1` are the same number. */
export function numberText(text: string): string | undefined {
  const whole = /^([+-]?)0*(\d+)N?$/.exec(text);
  if (whole !== null) return whole[2] === '0' ? '0' : `${whole[1] === '-' ? '-' : ''}${whole[2]}`;
  if (!/^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?M?$/.test(text)) return undefined;
  return String(Number(text.replace(/M$/, '')));
}

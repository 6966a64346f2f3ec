// The shapes of which the picture is made.

export function circle(path: Path2D, x: number, y: number, radius: number): void {
  path.moveTo(x + radius, y);
  path.arc(x, y, radius, 0, 2 * Math.PI);
}

export function cross(path: Path2D, x: number, y: number, size: number): void {
  path.moveTo(x - size, y - size);
  path.lineTo(x + size, y + size);
  path.moveTo(x + size, y - size);
  path.lineTo(x - size, y + size);
}

export function diamond(path: Path2D, x: number, y: number, size: number): void {
  path.moveTo(x, y - size);
  path.lineTo(x + size, y);
  path.lineTo(x, y + size);
  path.lineTo(x - size, y);
  path.closePath();
}

export function triangle(path: Path2D, x: number, y: number, size: number): void {
  path.moveTo(x - size * 0.8, y - size);
  path.lineTo(x + size, y);
  path.lineTo(x - size * 0.8, y + size);
  path.closePath();
}

/** The point of an arrow, a little before its end, where the dot of the step is. */
export function head(path: Path2D, [x1, y1, x2, y2]: readonly [number, number, number, number], size: number): void {
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (length < size) return;
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [tipX, tipY] = [x2 - dx * 4, y2 - dy * 4];
  path.moveTo(tipX, tipY);
  path.lineTo(tipX - dx * size - dy * size * 0.4, tipY - dy * size + dx * size * 0.4);
  path.lineTo(tipX - dx * size + dy * size * 0.4, tipY - dy * size - dx * size * 0.4);
  path.closePath();
}

// The shift of GCJ-02, in which Chinese map services publish their tiles: positions stay in WGS-84 (CGCS2000), and are
// shifted only to be drawn on such tiles. No DOM, no clock.
//
// The shift was never published by its makers. This is the widely used reconstruction on Krasovsky's ellipsoid of 1940;
// gcj02.test.ts holds it against the reference points of github.com/googollee/eviltransform.

const KRASOVSKY_M = 6378245;
const ECCENTRICITY_2 = 0.00669342162296594323;

export interface Position {
  lon: number;
  lat: number;
}

/** Outside this box, which is wider than the country, services shift nothing. */
const BOX = { west: 72.004, east: 137.8347, south: 0.8293, north: 55.8271 };

/** Where a position of WGS-84 lies on shifted tiles; some hundred metres off within China, the same elsewhere. */
export function shifted({ lon, lat }: Position): Position {
  if (lon < BOX.west || lon > BOX.east || lat < BOX.south || lat > BOX.north) return { lon, lat };
  const x = lon - 105;
  const y = lat - 35;
  const common = 20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI);
  const root = Math.sqrt(Math.abs(x));
  const northM =
    -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root +
    ((common + waves(y, 20, 40) + 160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y / 30) * Math.PI)) * 2) / 3;
  const eastM =
    300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root +
    ((common + waves(x, 20, 40) + 150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * 2) / 3;
  const angle = (lat * Math.PI) / 180;
  const bent = 1 - ECCENTRICITY_2 * Math.sin(angle) ** 2;
  const meridianM = (KRASOVSKY_M * (1 - ECCENTRICITY_2)) / (bent * Math.sqrt(bent));
  const parallelM = (KRASOVSKY_M / Math.sqrt(bent)) * Math.cos(angle);
  return {
    lon: lon + ((eastM / parallelM) * 180) / Math.PI,
    lat: lat + ((northM / meridianM) * 180) / Math.PI,
  };
}

function waves(at: number, long: number, short: number): number {
  return long * Math.sin(at * Math.PI) + short * Math.sin((at / 3) * Math.PI);
}

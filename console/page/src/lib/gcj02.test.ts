import assert from "node:assert/strict";
import { test } from "node:test";
import { shifted } from "./gcj02.ts";

// Reference points of github.com/googollee/eviltransform: latitude and longitude in WGS-84, then in GCJ-02.
const POINTS: [string, number, number, number, number][] = [
  ["Shanghai", 31.1774276, 121.5272106, 31.17530398364597, 121.531541859215],
  ["Shenzhen", 22.543847, 113.912316, 22.540796131694766, 113.9171764808363],
  ["Beijing", 39.911954, 116.377817, 39.91334545536069, 116.38404722455657],
];

for (const [city, lat, lon, lat2, lon2] of POINTS) {
  test(`${city} is shifted as published, to a millimetre`, () => {
    const found = shifted({ lon, lat });
    assert.ok(Math.abs(found.lat - lat2) < 1e-8, `${found.lat}`);
    assert.ok(Math.abs(found.lon - lon2) < 1e-8, `${found.lon}`);
  });
}

test("elsewhere nothing is shifted", () => {
  for (const at of [{ lon: 153.0251, lat: -27.4698 }, { lon: -104.9903, lat: 39.7392 }]) assert.deepEqual(shifted(at), at);
});

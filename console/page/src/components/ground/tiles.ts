// Tiles of a server that the settings name. Leaflet's own layer puts a data: picture into every tile that it lets go of,
// which our security policy forbids.

import { type Coords, type DoneCallback, GridLayer, Util } from "leaflet";
import type { Tiles } from "../../lib/types.ts";

export class TileGrid extends GridLayer {
  readonly #url: string;

  constructor({ url, max_zoom }: Tiles) {
    super({ maxNativeZoom: max_zoom });
    this.#url = url;
  }

  protected override createTile(at: Coords, done: DoneCallback): HTMLElement {
    const tile = document.createElement("img");
    tile.alt = "";
    tile.referrerPolicy = "no-referrer";
    tile.onload = () => done(undefined, tile);
    tile.onerror = () => done(new Error("no tile"), tile);
    tile.src = Util.template(this.#url, { x: at.x, y: at.y, z: at.z });
    return tile;
  }
}

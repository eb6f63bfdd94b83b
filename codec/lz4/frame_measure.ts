import { BufferViews, DOES_NOT_FIT, MAX_POSITION } from "./block.ts";
import { measureBlock } from "./block_decompress.ts";
import {
  blockDataSize,
  checkContentSize,
  corruptBlock,
  FrameHeader,
  tooLong,
  truncated,
  truncatedHeader,
} from "./frame.ts";

/** The result of {@linkcode measureFrames}. */
export interface Measure {
  /** Size of the content in bytes, exact if the checksums match. */
  size: number;
  /** Number of frames, skippable ones included. */
  frames: number;
  /** Number of blocks in all frames. */
  blocks: number;
  /** The header of the last frame. */
  header: FrameHeader;
}

/**
 * Measures the content of all frames in `data` without decompressing them, so that
 * memory for it can be allocated.
 *
 * @throws {CorruptDataError} The frames are malformed or truncated.
 */
export function measureFrames(data: Uint8Array): Measure {
  if (data.length > MAX_POSITION) throw tooLong(data.length);
  const header = new FrameHeader();
  const result = { size: 0, frames: 0, blocks: 0, header };
  const src = new BufferViews();
  let p = src.show(data);
  const end = p + data.length;
  do {
    const size = header.read(src, p, end, result.frames);
    if (size < 0) throw truncatedHeader(end - p, result.frames);
    result.frames++;
    p += size;
    if (header.skip >= 0) {
      if (header.skip > end - p) throw truncated("a skippable frame");
      p += header.skip;
      continue;
    }
    const extra = header.blockChecksum ? 4 : 0;
    let content = 0;
    for (;;) {
      if (end - p < 4) throw truncated("the size of a block");
      const word = src.view.getInt32(p, true);
      p += 4;
      if (word === 0) break;
      result.blocks++;
      const length = blockDataSize(word, header);
      if (length + extra > end - p) throw truncated("a block");
      if (word < 0) {
        content += length;
      } else {
        const history = header.linked ? content : 0;
        const size = measureBlock(src, p, p + length, history);
        if (size < 0) throw corruptBlock(size, header);
        if (size > header.blockMaximum) {
          throw corruptBlock(DOES_NOT_FIT, header);
        }
        content += size;
      }
      p += length + extra;
    }
    if (header.contentChecksum) {
      if (end - p < 4) throw truncated("the content checksum");
      p += 4;
    }
    checkContentSize(header, content);
    result.size += content;
  } while (p < end);
  return result;
}

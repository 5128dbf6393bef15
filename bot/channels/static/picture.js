// Draws a card as a picture that can be kept on the phone and shown at the counter.

import { tickKey } from "./reply.js";
import * as store from "./store.js";

const WIDTH = 720;
const MARGIN = 40;
const SCALE = 2;
const FONTS = 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", sans-serif';
const STYLES = {
  title: { size: 34, weight: 700, colour: "#14202b", gap: 26 },
  place: { size: 22, weight: 400, colour: "#41525f", gap: 8 },
  heading: { size: 26, weight: 700, colour: "#0b57a4", gap: 26 },
  branch: { size: 22, weight: 700, colour: "#14202b", gap: 16 },
  text: { size: 24, weight: 400, colour: "#14202b", gap: 12 },
  small: { size: 20, weight: 400, colour: "#41525f", gap: 20 },
};

/** Save the card as a PNG file, or hand it to the phone's share sheet. Returns what to tell the resident. */
export async function savePicture(blocks, custom) {
  const canvas = draw(linesOf(blocks, custom));
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
  if (!blob) throw new Error("the picture is empty");
  const name = `${(blocks.find((block) => block.title) || { title: "办事指南" }).title.replace(/[\\/:*?"<>|\s]+/g, "_").slice(0, 60)}.png`;
  const file = new File([blob], name, { type: "image/png" });
  if (window.matchMedia("(pointer: coarse)").matches && navigator.canShare && navigator.canShare({ files: [file] })) {
    await navigator.share({ files: [file] }).catch((error) => { if (error.name !== "AbortError") throw error; });
    return "图片已交给手机";
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  return "图片已保存到下载文件夹";
}

function linesOf(blocks, custom) {
  const ticks = store.load("ticks", {});
  const lines = [];
  const add = (style, text, mark = "") => lines.push({ style, text, mark });
  for (const block of blocks) {
    if (block.title) add("title", block.title);
    if (block.place) add("place", block.place);
    for (const part of block.parts) {
      if (part.type === "list") {
        if (part.heading) add("heading", part.heading);
        let branch = "";
        for (const entry of part.entries) {
          if (entry.branch) add("branch", (branch = entry.branch));
          else if (part.role === "materials") {
            add("text", entry.text, ticks[tickKey(custom.item, block, branch, entry.text)] ? "ticked" : "box");
          } else add("text", entry.text, entry.number === null ? "·" : `${entry.number}.`);
        }
      } else if (part.type === "fact") add("text", `${part.label}：${part.value}`);
      else if (part.type === "note") add("small", `提示：${part.text}`);
      else if (part.type === "source") add("small", `来源：${part.text}`);
      else add("text", part.text);
    }
  }
  return lines;
}

function draw(lines) {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  let y = 84;
  const placed = [];
  for (const line of lines) {
    const style = STYLES[line.style];
    pen.font = font(style);
    const indent = line.mark ? 46 : 0;
    y += style.gap;
    wrap(pen, line.text, WIDTH - 2 * MARGIN - indent).forEach((text, index) => {
      placed.push({ style, text, x: MARGIN + indent, y: y + style.size, mark: index ? "" : line.mark });
      y += Math.round(style.size * 1.5);
    });
  }
  const height = y + 90;
  canvas.width = WIDTH * SCALE;
  canvas.height = height * SCALE;
  pen.scale(SCALE, SCALE);
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, WIDTH, height);
  pen.fillStyle = "#0b57a4";
  pen.fillRect(0, 0, WIDTH, 64);
  write(pen, { size: 24, weight: 700, colour: "#ffffff" }, document.title, MARGIN, 41);
  for (const { style, text, x, y: base, mark } of placed) {
    write(pen, style, text, x, base);
    if (mark === "box" || mark === "ticked") box(pen, MARGIN, base - 21, mark === "ticked");
    else if (mark) write(pen, { ...style, weight: 700, colour: "#0b57a4" }, mark, MARGIN, base);
  }
  const day = new Date().toLocaleDateString("zh-CN", { year: "numeric", month: "long", day: "numeric" });
  write(pen, STYLES.small, `${day}保存，以办理部门的最新要求为准`, MARGIN, height - 36);
  return canvas;
}

function font(style) {
  return `${style.weight} ${style.size}px ${FONTS}`;
}

function write(pen, style, text, x, y) {
  pen.font = font(style);
  pen.fillStyle = style.colour;
  pen.fillText(text, x, y);
}

function box(pen, x, y, ticked) {
  pen.strokeStyle = "#0b57a4";
  pen.lineWidth = 2.5;
  pen.strokeRect(x + 1, y, 24, 24);
  if (!ticked) return;
  pen.beginPath();
  pen.moveTo(x + 6, y + 12);
  pen.lineTo(x + 11, y + 18);
  pen.lineTo(x + 20, y + 6);
  pen.stroke();
}

/** Break text into lines of at most `width`: anywhere between Chinese characters, never inside a word or number. */
function wrap(pen, text, width) {
  const lines = [];
  let line = "";
  for (const piece of text.match(/[A-Za-z0-9.-]{1,24}|[^]/gu) || [""]) {
    if (line && pen.measureText(line + piece).width > width && !/^[，。；：、！？）》”]$/.test(piece)) {
      lines.push(line);
      line = piece.trimStart();
    } else line += piece;
  }
  lines.push(line);
  return lines;
}

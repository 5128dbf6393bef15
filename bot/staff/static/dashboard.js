// Draws each chart from the table beside it, so the picture and its text alternative cannot differ.
"use strict";
const COLOURS = ["#0b57a4", "#d06a00", "#1c6b34", "#8a3ea8", "#a01c1c", "#3f7f8f", "#7a6a00", "#5b6b78"];
const KIND_COLOURS = ["#1c6b34", "#0b57a4", "#8a3ea8", "#c07800"];

function tableOf(figure) {
  const cells = (row) => [...row.cells].map((cell) => cell.textContent);
  const head = cells(figure.querySelector("thead tr"));
  const rows = [...figure.querySelectorAll("tbody tr")].map(cells);
  const series = head.slice(1).map((label, n) => ({ label, data: rows.map((row) => Number(row[n + 1])) }));
  return { labels: rows.map((row) => row[0]), series };
}

const short = (text) => (text.length > 16 ? `${text.slice(0, 15)}…` : text);

function settingsOf(kind, { labels, series }) {
  const colours = kind === "shares" ? KIND_COLOURS : kind === "votes" ? ["#1c6b34", "#a01c1c"] : COLOURS;
  const flat = kind === "bars" || kind === "growth";
  const stacked = kind === "stacked" || kind === "shares";
  const datasets = series.map((one, n) => ({ ...one, backgroundColor: colours[n % colours.length], maxBarThickness: 36 }));
  const count = { beginAtZero: true, stacked, ticks: { precision: 0 }, ...(kind === "shares" ? { max: 100 } : {}) };
  const names = { stacked, ticks: flat ? { callback(value) { return short(this.getLabelForValue(value)); } } : { maxRotation: 0, autoSkipPadding: 12 }, grid: { display: false } };
  return {
    type: "bar",
    data: { labels, datasets },
    options: {
      animation: false,
      maintainAspectRatio: false,
      indexAxis: flat ? "y" : "x",
      scales: flat ? { x: count, y: names } : { x: names, y: count },
      plugins: { legend: { display: series.length > 1, position: "bottom", labels: { boxWidth: 14 } } },
    },
  };
}

document.addEventListener("DOMContentLoaded", () => {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.color = "#14202b";
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const canvas = figure.querySelector("canvas");
    if (canvas) new Chart(canvas, settingsOf(figure.dataset.chart, tableOf(figure)));
  }
  document.documentElement.dataset.drawn = "yes";
});

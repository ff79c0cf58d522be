// Opens pages in Chromium, wide and narrow, light and dark, and prints what axe-core objects to.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [packages, chromium, ...files] = process.argv.slice(2);
const require = createRequire(packages + "/");
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const options = { executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] };
const browser = await puppeteer.launch(options);
const found = [];
for (const file of files) {
  for (const width of [1400, 420]) {
    for (const scheme of ["light", "dark"]) {
      const page = await browser.newPage();
      await page.setBypassCSP(true); // for axe itself
      await page.setViewport({ width, height: 1000 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.goto(pathToFileURL(file).href);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run());
      for (const { id, nodes } of violations) {
        found.push(`${file} (${width}, ${scheme}): ${id}: ${nodes[0].html.slice(0, 200)}`);
      }
      await page.close();
    }
  }
}
await browser.close();
console.log(JSON.stringify(found));

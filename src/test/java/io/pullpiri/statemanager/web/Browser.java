// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.pullpiri.statemanager.testing.Await;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;

/** A headless Chromium that shows the dashboard. */
final class Browser implements AutoCloseable {

    private static final Path PICTURES = Path.of("target", "screenshots");
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
    private static final Duration SOON = Duration.ofSeconds(15);

    private final ChromeDriver driver;

    Browser(String language) {
        if (!Files.exists(CHROMIUM) || !Files.exists(DRIVER)) {
            throw new AssertionError(
                    "no " + CHROMIUM + " or no " + DRIVER + ": apt-get install chromium chromium-driver");
        }
        ChromeOptions options = new ChromeOptions();
        options.setBinary(CHROMIUM.toString());
        options.addArguments(
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--lang=" + language,
                "--accept-lang=" + language);
        driver = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(new File(DRIVER.toString()))
                        .build(),
                options);
        size(1280, 860);
    }

    void size(int width, int height) {
        Map<String, Object> metrics =
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 500);
        Object _ = driver.executeCdpCommand("Emulation.setDeviceMetricsOverride", metrics);
        driver.manage().window().setSize(new Dimension(Math.max(width, 500), height));
    }

    /** Sets the color scheme, and disables animations so that a picture shows the final state. */
    void dark(boolean dark) {
        Object _ = driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(
                                Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"),
                                Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
    }

    /** Opens a page after a script that runs before all scripts of the page. */
    void openAfter(String script, int port, String path) {
        Object added = driver.executeCdpCommand("Page.addScriptToEvaluateOnNewDocument", Map.of("source", script))
                .get("identifier");
        open(port, path);
        Object _ = driver.executeCdpCommand(
                "Page.removeScriptToEvaluateOnNewDocument", Map.of("identifier", String.valueOf(added)));
    }

    /** Opens a page. Errors of the page before it are dropped: its server may have ended. */
    void open(int port, String path) {
        driver.get("about:blank");
        List<String> _ = complaints();
        driver.get("http://127.0.0.1:" + port + path);
    }

    void anotherTab() {
        driver.switchTo().newWindow(WindowType.TAB);
    }

    void closeOtherTabs() {
        String kept = driver.getWindowHandle();
        for (String tab : driver.getWindowHandles()) {
            if (!tab.equals(kept)) {
                driver.switchTo().window(tab).close();
            }
        }
        driver.switchTo().window(kept);
    }

    /** Returns the text of the matching elements; empty while there is none. */
    String text(String css) {
        try {
            List<WebElement> found = driver.findElements(By.cssSelector(css));
            return found.isEmpty() ? "" : found.getFirst().getText();
        } catch (StaleElementReferenceException e) {
            return "";
        }
    }

    int count(String css) {
        return driver.findElements(By.cssSelector(css)).size();
    }

    void awaitText(String css, String part) {
        Await.until(
                SOON,
                () -> css + " with '" + part + "': " + text(css),
                () -> text(css).contains(part));
    }

    void awaitCount(String css, int count) {
        Await.until(SOON, () -> count + " of " + css + ": " + count(css), () -> count(css) == count);
    }

    void click(String css) {
        driver.findElement(By.cssSelector(css)).click();
    }

    /** Types into the element that has the focus. */
    void type(CharSequence... keys) {
        driver.switchTo().activeElement().sendKeys(keys);
    }

    void enter() {
        type(Keys.ENTER);
    }

    Object script(String script) {
        Object value = driver.executeScript(script);
        return value == null ? "" : value;
    }

    /** Returns the errors in the console of the browser. */
    List<String> complaints() {
        return driver.manage().logs().get("browser").getAll().stream()
                .map(entry -> entry.getLevel() + " " + entry.getMessage())
                .toList();
    }

    /** Writes {@code target/screenshots/NAME.png}. */
    void picture(String name) throws IOException {
        Files.createDirectories(PICTURES);
        Files.write(PICTURES.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
    }

    @Override
    public void close() {
        driver.quit();
    }
}

/** So many pages from one line to the next where a line cannot be overwritten. */
const pagesPerLine = 500
/** From one state of the live line to the next, in ms. */
const interval = 50

/** Shows how far a crawl has got: on a terminal in one line that is kept up to date, elsewhere now and then. */
class Progress {
  #done = 0
  #nextTime = 0

  step(known) {
    this.#done++
    const text = `${this.#done} of ${known} known pages`
    if (process.stdout.isTTY) this.#overwrite(text)
    else if (this.#done % pagesPerLine === 0) console.log(text)
  }

  end() {
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')
  }

  #overwrite(text) {
    if (performance.now() < this.#nextTime) return
    this.#nextTime = performance.now() + interval
    process.stdout.write(`\r${text}\x1b[K`)
  }
}

module.exports = { Progress }

// Measures a report where a browser laid it out: do texts of one picture overlap, do they leave it, is the page too wide?
// Speaks through the console: one line a fault, then the sum. report_browser.sh listens.
(function () {
  var faults = 0;
  var texts = 0;
  function fault(what) {
    faults++;
    if (faults <= 10) {
      console.log('FAULT: ' + what);
    }
  }
  // Glyphs fill about the middle 70 % of a text's box; slanted texts have no box worth comparing.
  function core(element) {
    var b = element.getBoundingClientRect();
    var trim = b.height * 0.15;
    return {left: b.left + 0.5, right: b.right - 0.5, top: b.top + trim, bottom: b.bottom - trim, text: element.textContent};
  }
  document.querySelectorAll('svg').forEach(function (svg) {
    var frame = svg.getBoundingClientRect();
    var boxes = [];
    svg.querySelectorAll('text').forEach(function (text) {
      texts++;
      var b = core(text);
      if (b.left < frame.left - 4 || b.right > frame.right + 4 || b.top < frame.top - 4 || b.bottom > frame.bottom + 4) {
        fault('"' + b.text + '" leaves its picture');
      }
      if (!text.closest('[transform]')) {
        boxes.push(b);
      }
    });
    boxes.forEach(function (a, i) {
      boxes.slice(0, i).forEach(function (b) {
        if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) {
          fault('"' + a.text + '" lies over "' + b.text + '"');
        }
      });
    });
  });
  // Figures beside bars stand below each other's last digit, and below their heading's end.
  document.querySelectorAll('td.bars').forEach(function (cell) {
    var figure = cell.querySelector('span');
    var end = cell.getBoundingClientRect().right - parseFloat(getComputedStyle(cell).paddingRight);
    if (figure && !(Math.abs(figure.getBoundingClientRect().right - end) < 1)) {
      fault('"' + figure.textContent + '" stands beside its column');
    }
  });
  if (document.documentElement.scrollWidth > window.innerWidth) {
    fault('the page is ' + document.documentElement.scrollWidth + ' wide in a window of ' + window.innerWidth);
  }
  console.log('MEASURED: ' + texts + ' texts, ' + faults + ' faults');
})();

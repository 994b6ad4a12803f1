/*
 * The comfort of the HTML report: pictures grow when they are clicked, before and after lie on each
 * other under a slider, everything folded is printed. Nothing essential needs it.
 */
(function () {
  "use strict";

  function element(name, className, parent) {
    var made = document.createElement(name);
    made.className = className;
    if (parent) parent.appendChild(made);
    return made;
  }

  /* Before and after as one picture: the range moves the edge between them. */
  function makeSlider(compare) {
    var before = compare.querySelector(".before .frame");
    var after = compare.querySelector(".after .frame");
    if (!before || !after) return;
    var slider = document.createElement("figure");
    slider.className = "slider";
    var range = element("input", "range", slider);
    var stage = element("div", "stage", slider);
    after.classList.add("under");
    before.classList.add("over");
    stage.appendChild(after);
    stage.appendChild(before);
    element("span", "edge", stage);
    range.type = "range";
    range.min = 0;
    range.max = 100;
    range.value = 50;
    range.setAttribute("aria-label", "Before on the left, after on the right");
    var caption = element("figcaption", "", slider);
    caption.textContent = "Before ◂ drag ▸ after";
    function move() {
      stage.style.setProperty("--at", range.value + "%");
    }
    range.addEventListener("input", move);
    move();
    /* The picture itself can be dragged, too: it may be much longer than the screen. */
    function drag(event) {
      if (event.type === "pointermove" && !event.buttons) return;
      var box = stage.getBoundingClientRect();
      range.value = Math.round((event.clientX - box.left) / box.width * 100);
      move();
    }
    stage.addEventListener("pointerdown", drag);
    stage.addEventListener("pointermove", drag);
    compare.querySelector("figure.before").remove();
    compare.querySelector("figure.after").remove();
    compare.insertBefore(slider, compare.firstChild);
  }

  /* On paper everything is unfolded but what is long and for developers. */
  function openAll() {
    document.querySelectorAll(".skill, .visual, .rest").forEach(function (one) {
      one.open = true;
    });
  }

  /* A link to a check opens it. */
  function openTarget() {
    var target = /^#skill-\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (!target) return;
    target.open = true;
    target.scrollIntoView();
  }

  document.querySelectorAll(".compare").forEach(makeSlider);
  document.querySelectorAll("figure.shot .frame").forEach(function (frame) {
    frame.tabIndex = 0;
    frame.addEventListener("click", function () {
      frame.classList.toggle("large");
    });
    frame.addEventListener("keydown", function (event) {
      if (event.key === "Enter") frame.classList.toggle("large");
      if (event.key === "Escape") frame.classList.remove("large");
    });
  });
  addEventListener("beforeprint", openAll);
  addEventListener("hashchange", openTarget);
  openTarget();
})();

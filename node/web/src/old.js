// For browsers that are too old for the scripts of these pages: shows the sentence that says so.
(function () {
  var sentence = document.getElementById("old");
  if (sentence) sentence.removeAttribute("hidden");
})();

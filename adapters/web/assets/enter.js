// The link carries the code behind #, which no server log sees. It is only
// filled in here; entering takes the button, since previews fetch every link.
"use strict";
const code = document.getElementById("code");
if (location.hash.length > 1) {
  code.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}

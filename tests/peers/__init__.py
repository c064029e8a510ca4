"""The whole program against servers, a browser and pages that this project did not write."""

"""The third door: the same screen in a browser, one program for each page that is open."""

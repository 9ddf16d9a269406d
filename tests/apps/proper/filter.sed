# Lines of dots are as long as the tests were many.
s/^\.+$/dots/
s/^[.!]+$/dots and failure/

s/\r//g
# The order of a map's keys is nobody's business.
/exception error: #\{/,/^  in function/{/^  in function/!d}
# What is still said now and then after `halt` has been called.
s/Error! Failed to eval.*//
/^$/d

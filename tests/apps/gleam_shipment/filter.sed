# The order of a map's keys is nobody's business.
/exception error: #\{/,/^  in function/{/^  in function/!d}
# What OTP still says now and then after `halt` has been called.
s/Error! Failed to eval.*//
/^$/d

-- verify_session: the text of a value must not depend on either server's settings. No parameters.
set DateStyle = 'ISO, MDY';
set TimeZone = 'UTC';
set IntervalStyle = 'postgres';
set bytea_output = 'hex';
set extra_float_digits = 1;
set lc_monetary = 'C';
set quote_all_identifiers = off;
set array_nulls = on;
set row_security = off;
set jit = off;

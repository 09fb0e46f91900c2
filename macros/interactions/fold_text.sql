-- Returns the text as words to compare: lower case, without accents, punctuation and line breaks as spaces, a space at both ends.
-- Null gives null. Names of people are normalised by the loader, not by this.
{% macro fold_text(expression) -%}
    ' ' || translate(
        normalize(lower({{ expression }}), nfd),
        U&'.,;:!?()"-/''\2019\00AB\00BB\2026\0153' || chr(9) || chr(10) || chr(13) || U&'\0300\0301\0302\0303\0308\0327',
        '                o   '
    ) || ' '
{%- endmacro %}

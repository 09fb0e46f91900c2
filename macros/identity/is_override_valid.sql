-- Returns a condition on identity.overrides: the steward's decision stands and has not run out at as_of.
{% macro is_override_valid() -%}
    revoked_at is null and valid_until > {{ cercle.as_of() }}
{%- endmacro %}

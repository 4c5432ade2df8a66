{# Tables belong to the role that made them, and nobody else may read them. COPY's staging tables are left out. #}
GRANT SELECT ON
    {{ leads }}, {{ scores }}, {{ current_scores }}, {{ drift }}, {{ promotions }}, {{ feedback }}, {{ withdrawals }}
TO ROLE {{ settings.redshift.reader_role }}

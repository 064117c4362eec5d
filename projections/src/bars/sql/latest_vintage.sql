select max(vintage) as vintage
from imports
